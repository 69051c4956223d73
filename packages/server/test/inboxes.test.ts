/**
 * Real: the server inside the test's process, its database, sockets. Faked: senders and clients, by the tests. A client
 * that disconnects in the middle of an answer is a plain TCP socket. `kill.test.ts` tests inboxes after a kill.
 */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { limits } from "../src/domain/limits.ts";
import type { MessageView, Page, ProblemView } from "./harness/api.ts";
import { post, take, takeAll } from "./harness/inbox.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();

/** A connection that sends its next request before the answer to the previous one (pipelining). */
async function open(port: number, text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

describe("an inbox", () => {
  it("gives each message to one of many concurrent clients", async () => {
    const { api, url } = server();
    await api.ok("PUT", "/v1/inboxes/many");
    const bodies = Array.from({ length: 100 }, (_, at) => `${at}`);
    const texts: string[] = [];
    const fetchers = Array.from({ length: 10 }, async () => {
      while (texts.length < bodies.length) {
        const { text, id } = await take(`${url}/in/many?waitMs=200`);
        if (id !== null) texts.push(text);
      }
    });
    await Promise.all(bodies.map((body) => post(`${url}/in/many`, body)));
    await Promise.all(fetchers);
    expect(texts.toSorted()).toEqual(bodies.toSorted());
  });

  it("loses nothing to clients that leave: while they wait, and in the middle of their answers", async () => {
    const { api, url, port } = server();
    await api.ok("PUT", "/v1/inboxes/left", { json: { messagesMax: 100 } });
    const waiter = await open(port, get("/in/left?waitMs=60000"));
    await post(`${url}/in/left`, "first");
    await once(waiter, "readable");
    const leaver = await open(port, get("/in/left?waitMs=60000"));
    leaver.destroy();
    await once(leaver, "close");
    // Far more bytes than the buffers of a connection hold, so that most messages are still in the server when the
    // client disconnects.
    const bodies = Array.from({ length: 24 }, (_, at) => `${at}`.padEnd(limits.bodyBytesMax));
    for (const body of bodies) await post(`${url}/in/left`, body, "text/plain");
    const reader = await open(port, get("/in/left").repeat(bodies.length));
    await once(reader, "readable");
    reader.destroy();
    waiter.destroy();
    const left: number[] = [];
    await until(
      "the last one is there again",
      async () => {
        const { text, id } = await take(`${url}/in/left?waitMs=1000`);
        if (id !== null) left.push(Number(text));
        return left.at(-1);
      },
      (last) => last === bodies.length - 1,
    );
    expect(left.length).toBeGreaterThan(8);
    // Only the first messages are missing, because the client had received them. The numbers are sorted, because the
    // order in which messages were put back is not fixed.
    expect(left.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: left.length }, (_, at) => bodies.length - left.length + at),
    );
  });

  it("answers a waiting client as soon as a message arrives, from whichever API", async () => {
    const { api, url } = server();
    await api.putTopic("orders");
    await api.ok("PUT", "/v1/inboxes/orders", { json: { topic: "orders" } });
    const first = take(`${url}/in/orders?waitMs=60000`);
    await post(`${url}/in/orders`, "by POST");
    expect((await first).text).toBe("by POST");
    const second = take(`${url}/in/orders?waitMs=60000`);
    await api.publish("orders", { body: "published" });
    expect(await second).toMatchObject({ text: "published", type: "text/plain; charset=utf-8" });
    const third = take(`${url}/in/orders?waitMs=60000`);
    await api.publish("orders", { body: "late", delayMs: 300 });
    expect((await third).text).toBe("late");
  });

  it("with a topic sends its messages to every subscription, and is not listed as a subscription", async () => {
    const { api, url } = server();
    await using receiver = await startReceiver();
    await api.putTopic("fan");
    await api.subscribe("fan", "one", { push: { url: `${receiver.url}/one` } });
    await api.subscribe("fan", "two", { push: { url: `${receiver.url}/two` } });
    await api.ok("PUT", "/v1/inboxes/fan", { json: { topic: "fan" } });
    const { id } = await post(`${url}/in/fan`, '{"id":3604851935629391762}');
    await untilTrue("both have it", () => receiver.arrivals.length === 2);
    expect(receiver.arrivals.map(({ text, messageId }) => [text, messageId])).toEqual([
      ['{"id":3604851935629391762}', id],
      ['{"id":3604851935629391762}', id],
    ]);
    expect(await takeAll(`${url}/in/fan`)).toEqual(['{"id":3604851935629391762}']);
    const states = await until(
      "all is written down",
      async () => (await api.ok<MessageView>("GET", `/v1/messages/${id}`)).deliveries,
      (deliveries) => deliveries.every(({ state }) => state === "delivered"),
    );
    expect(states.map(({ subscription }) => subscription).toSorted()).toEqual(["inbox:fan", "one", "two"]);
    const listed = await api.ok<Page<{ name: string }>>("GET", "/v1/topics/fan/subscriptions");
    expect(listed.items.map(({ name }) => name)).toEqual(["one", "two"]);
    expect(await api.ok("DELETE", "/v1/inboxes/fan")).toBeNull();
    await post(`${url}/in/fan`, "nobody");
    await api.publish("fan", { body: "goes on" });
    await untilTrue("the topic goes on", () => receiver.arrivals.length === 4);
  });

  it("that keeps messages while it is polled drops all of them when a message comes too late", async () => {
    const { api, url } = server();
    // At first the inbox keeps messages for a long time, so that a slow machine does not drop the message `kept`.
    const keepWhilePolledFor = (whilePolledMs: number) =>
      api.ok("PUT", "/v1/inboxes/polled", { json: { whilePolledMs } });
    await keepWhilePolledFor(600_000);
    const startedAt = performance.now();
    await take(`${url}/in/polled`);
    expect((await post(`${url}/in/polled`, "kept")).id).not.toBeNull();
    await keepWhilePolledFor(1000);
    await until(
      "a message is dropped",
      () => post(`${url}/in/polled`, "more"),
      ({ id }) => id === null,
    );
    expect(performance.now() - startedAt).toBeGreaterThan(500);
    await keepWhilePolledFor(600_000);
    expect(await take(`${url}/in/polled`)).toMatchObject({ status: 200, text: "", id: null });
    expect((await post(`${url}/in/polled`, "after a poll")).id).not.toBeNull();
    expect(await takeAll(`${url}/in/polled`)).toEqual(["after a poll"]);
  });

  it("does not appear among topics: neither in lists, nor at their URLs, nor in their metrics", async () => {
    const { api, url } = server();
    const topics = async () => (await api.ok<Page<{ name: string }>>("GET", "/v1/topics?limit=200")).items.length;
    const before = [await topics(), (await api.metrics()).get("ringback_cluster_topics")];
    await api.ok("PUT", "/v1/inboxes/hidden");
    const { id } = await post(`${url}/in/hidden`, "1");
    expect([await topics(), (await api.metrics()).get("ringback_cluster_topics")]).toEqual(before);
    for (const path of ["/v1/topics/inbox%3Ahidden", "/v1/topics/inbox:hidden/subscriptions"]) {
      expect(await api.call("GET", path)).toMatchObject({ status: 400, json: { code: "invalid_name" } });
    }
    const refused = await api.call("POST", "/v1/topics/inbox:hidden/messages", { json: { body: "x" } });
    expect(refused).toMatchObject({ status: 400, json: { code: "invalid_name" } });
    expect(await api.ok("GET", `/v1/messages/${id}`)).toMatchObject({ topic: "inbox:hidden", body: "1" });
  });

  it("emits live events under its own name", async () => {
    const { api, url } = server();
    await api.ok("PUT", "/v1/inboxes/watched");
    const leave = new AbortController();
    const events = await fetch(`${url}/v1/events?topic=inbox:watched`, { signal: leave.signal });
    const reader = (events.body as ReadableStream<Uint8Array>).getReader();
    const { id } = await post(`${url}/in/watched`, "1");
    let received = "";
    await until(
      "the arrival is told",
      async () => (received += new TextDecoder().decode((await reader.read()).value)),
      (text) => text.includes(`"topic":"inbox:watched","ids":["${id}"]`),
    );
    leave.abort();
    const refused = await api.call("GET", "/v1/events?topic=inbox:");
    expect(refused).toMatchObject({ status: 400, json: { code: "invalid_name" } });
  });
});

describe("a server with inboxes", () => {
  it("lets a bounded number of clients wait, and serves other requests meanwhile", async () => {
    const { api, url, port } = server();
    await api.ok("PUT", "/v1/inboxes/crowd");
    await api.ok("PUT", "/v1/inboxes/calm");
    const path = "/in/crowd?waitMs=60000";
    const perSocket = 50;
    const sockets = await Promise.all(
      Array.from({ length: limits.inboxWaitersMax / perSocket + 2 }, () => open(port, get(path).repeat(perSocket))),
    );
    const refused = await until(
      "no more may wait",
      () => api.call<ProblemView>("GET", "/in/crowd?waitMs=1"),
      ({ status }) => status === 503,
    );
    expect([refused.json.code, Number(refused.headers.get("retry-after"))]).toEqual(["too_many_waiters", 5]);
    expect((await take(`${url}/in/crowd`)).status).toBe(200);
    const elsewhere = take(`${url}/in/calm?waitMs=60000`);
    await post(`${url}/in/calm`, "calm");
    expect((await elsewhere).text).toBe("calm");
    for (const socket of sockets) socket.destroy();
    await until(
      "there is room again",
      () => take(`${url}/in/crowd?waitMs=1`),
      ({ status }) => status === 200,
    );
    await post(`${url}/in/crowd`, "for the next");
    expect(await takeAll(`${url}/in/crowd`)).toEqual(["for the next"]);
  });

  it("refuses bodies that are too large or never end, and keeps nothing of them", async () => {
    const { api, url, port } = server();
    await api.ok("PUT", "/v1/inboxes/large");
    const large = await api.call("POST", "/in/large", { body: new Uint8Array(limits.bodyBytesMax + 1) });
    expect(large).toMatchObject({ status: 413, json: { code: "request_too_large" } });
    const endless = await open(
      port,
      "POST /in/large HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    let answer = "";
    endless.setEncoding("latin1").on("data", (text: string) => (answer += text));
    const piece = `10000\r\n${"x".repeat(0x1_00_00)}\r\n`;
    const write = (): void => {
      while (!endless.destroyed && endless.write(piece));
    };
    endless.on("drain", write);
    write();
    // `once` is not used, because it would throw the error of the cut connection.
    await new Promise((resolve) => endless.on("close", resolve));
    expect(answer === "" || answer.startsWith("HTTP/1.1 413")).toBe(true);
    expect(await takeAll(`${url}/in/large`)).toEqual([]);
    expect((await post(`${url}/in/large`, "1")).status).toBe(200);
  });
});
