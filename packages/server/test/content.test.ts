/**
 * Real: the server, sockets, a receiver that keeps the bytes. Nothing is faked. The bodies are written by hand, so that
 * no JSON library changes them in the test.
 */
import { describe, expect, it } from "vitest";
import type { PublishedView } from "./harness/api.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();

/** Parsing and formatting changes this JSON: long integers, `1.0`, exponents, escapes, white space, member order. */
const awkward = String.raw`{ "z": 12345678901234567890, "a":18446744073709551615 ,"f":1.0, "e":1E5, "u":"\u00e9\/", "z":-0 }`;
const bytes = new Uint8Array([0, 255, 0xc3, 0x28, 13, 10, 0xef, 0xbb, 0xbf, 1]);

async function publishText(path: string, body: string | Uint8Array<ArrayBuffer>, type: string): Promise<PublishedView> {
  return server().api.ok("POST", path, { body, headers: { "content-type": type } });
}

describe("a message's bytes", () => {
  it("arrive as sent from a JSON publish, a 64-bit integer inside included", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("json");
    await api.subscribe("json", "raw", { push: { url: `${receiver.url}/raw`, protocol: "raw" } });
    await api.subscribe("json", "simplified", { push: { url: `${receiver.url}/simple`, protocol: "cmq-simplified" } });
    await api.subscribe("json", "json", { push: { url: `${receiver.url}/json`, protocol: "cmq-json" } });
    const published = await publishText(
      "/v1/topics/json/messages",
      `{"tags":["a"],"body":${awkward}}`,
      "application/json",
    );
    await untilTrue("all three have it", () => receiver.arrivals.length === 3);
    expect(receiver.at("/raw")[0]).toMatchObject({
      text: awkward,
      messageId: published.id,
      headers: { "content-type": "application/json", "ringback-tags": "a" },
    });
    expect(receiver.at("/simple")[0]?.text).toBe(awkward);
    expect(JSON.parse(receiver.at("/json")[0]?.text ?? "")).toMatchObject({ msgBody: awkward, msgId: published.id });
    expect((await api.message(published.id)).body).toBe(awkward);
  });

  it("arrive as sent from each message of a batch, in the order of the log", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("batch");
    await api.subscribe("batch", "s", { push: { url: receiver.url }, order: "strict" });
    const values = [awkward, "12345678901234567890", "[1.0, 9007199254740993]", "null", `"text"`];
    const body = `{"messages":[${values.map((value) => `{"body": ${value} }`).join(",")}]}`;
    await publishText("/v1/topics/batch/messages/batch", body, "application/json");
    await untilTrue("all have arrived", () => receiver.arrivals.length === values.length);
    expect(receiver.arrivals.map(({ text }) => text)).toEqual([...values.slice(0, 4), "text"]);
  });

  it("arrive as sent when the request is the message, with its content type", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("bytes");
    await api.subscribe("bytes", "s", { push: { url: receiver.url } });
    await publishText("/v1/topics/bytes/messages?tags=a,b", bytes, "application/x-thing; v=1");
    await untilTrue("it has arrived", () => receiver.arrivals.length === 1);
    expect(receiver.arrivals[0]).toMatchObject({
      headers: { "content-type": "application/x-thing; v=1", "ringback-tags": "a, b" },
    });
    expect(new Uint8Array(receiver.arrivals[0]?.body ?? [])).toEqual(bytes);
  });

  it("arrive as sent from base64, and at the limit of 1 MiB", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("base64");
    await api.subscribe("base64", "s", { push: { url: receiver.url } });
    const large = Buffer.alloc(1024 * 1024, "é\u0000\u0001");
    await api.publish("base64", { bodyBase64: large.toString("base64"), contentType: "application/octet-stream" });
    await untilTrue("it has arrived", () => receiver.arrivals.length === 1);
    expect(receiver.arrivals[0]?.body.equals(large)).toBe(true);
  });

  it("that a dialect's text field cannot carry become a dead letter with that reason, and are not changed", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("unencodable");
    await api.subscribe("unencodable", "s", { push: { url: receiver.url, protocol: "cmq-json" } });
    const { id } = await publishText("/v1/topics/unencodable/messages", bytes, "application/octet-stream");
    await api.publish("unencodable", { body: "the next one" });
    const { items } = await until(
      "it is given up",
      () => api.deadLetters("unencodable", "s"),
      (page) => page.items.length > 0,
    );
    expect(items).toMatchObject([
      { reason: "unencodable", attempts: 1, lastErrorCode: "unencodable", lastStatus: null, message: { id } },
    ]);
    const { lastErrorDetail } = items[0] as unknown as { lastErrorDetail: string };
    expect(lastErrorDetail).toMatch(/\S/);
    const [attempt] = (await api.delivery(id, "s")).attempts;
    expect(attempt).toMatchObject({ verdict: "error", errorCode: "unencodable", errorDetail: lastErrorDetail });
    await untilTrue("the next one has arrived", () => receiver.arrivals.length === 1);
    expect(receiver.arrivals[0]?.text).toContain('"msgBody":"the next one"');
  });
});
