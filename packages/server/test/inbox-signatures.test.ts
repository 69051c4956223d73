/**
 * Real: the server inside the test's process, its database, sockets, the verifiers of svix and of Standard Webhooks.
 * Faked: the senders GitHub, Stripe and Standard Webhooks, whose requests are signed here as their documentation says.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { gzipSync } from "node:zlib";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { describe, expect, it } from "vitest";
import { limits } from "../src/domain/limits.ts";
import { runInShell } from "./harness/program.ts";
import type { MessageView } from "./harness/api.ts";
import { curlLines, readmeServer } from "./harness/readme.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";

const server = useServer();

interface TakenRequest {
  readonly body: Buffer;
  readonly headers: Record<string, string>;
  readonly query: string | null;
  readonly contentType: string | null;
}

/** Takes a message with GET, and removes the prefix from the headers of its request. */
async function takeRequest(url: string): Promise<TakenRequest> {
  const response = await fetch(url);
  const headers: Record<string, string> = {};
  for (const [name, value] of response.headers) {
    if (name.startsWith("ringback-header-")) headers[name.slice("ringback-header-".length)] = value;
  }
  const query = response.headers.get("ringback-query");
  const contentType = response.headers.get("content-type");
  return { body: Buffer.from(await response.arrayBuffer()), headers, query, contentType };
}

const hmac = (secret: string | Buffer, content: string | Buffer): string =>
  createHmac("sha256", secret).update(content).digest("hex");

async function send(path: string, body: string | Uint8Array, headers: Record<string, string>): Promise<void> {
  const response = await fetch(server().url + path, { method: "POST", body: body as Uint8Array<ArrayBuffer>, headers });
  expect(response.status).toBe(200);
}

describe("from what was taken from an inbox, a receiver verifies the signature of", () => {
  it("GitHub: X-Hub-Signature-256", async () => {
    const { api, url } = server();
    await api.ok("PUT", "/v1/inboxes/github");
    const body = '{"zen": "Practicality beats purity.", "emoji": "🙂"}';
    await send("/in/github?source=github&n=%C3%A9", body, {
      "content-type": "application/json",
      "X-GitHub-Event": "push",
      "X-Hub-Signature-256": `sha256=${hmac("It's a Secret", body)}`,
    });
    const taken = await takeRequest(`${url}/in/github`);
    expect(taken.headers["x-github-event"]).toBe("push");
    expect(taken.query).toBe("source=github&n=%C3%A9");
    const expected = `sha256=${hmac("It's a Secret", taken.body)}`;
    expect(timingSafeEqual(Buffer.from(taken.headers["x-hub-signature-256"] ?? ""), Buffer.from(expected))).toBe(true);
  });

  it("Stripe: t=…,v1=… over the time and the body", async () => {
    const { api, url } = server();
    await api.ok("PUT", "/v1/inboxes/stripe");
    const body = '{"id": "evt_1", "object": "event"}';
    const signature = `t=1492774577,v1=${hmac("whsec_x", `1492774577.${body}`)},v0=6ffbb59b`;
    await send("/in/stripe", body, {
      "content-type": "application/json; charset=utf-8",
      "Stripe-Signature": signature,
    });
    const taken = await takeRequest(`${url}/in/stripe`);
    const [, time = "", v1 = ""] = /^t=(\d+),v1=([\da-f]+)/.exec(taken.headers["stripe-signature"] ?? "") ?? [];
    expect(v1).toBe(hmac("whsec_x", `${time}.${taken.body.toString()}`));
  });

  it("Standard Webhooks, by the libraries of Standard Webhooks and of svix, after a pull as well", async () => {
    const { api, url } = server();
    await api.putTopic("arrivals");
    await api.subscribe("arrivals", "worker", { pull: {} });
    await api.ok("PUT", "/v1/inboxes/standard", { json: { topic: "arrivals" } });
    const secret = `whsec_${Buffer.from("0123456789abcdef01234567").toString("base64")}`;
    const body = '{"type":"invoice.paid","data":{"amount":12345678901234567890}}';
    const [id, at] = ["msg_1", new Date()];
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign(id, at, body),
    };
    await send("/in/standard", body, { "content-type": "application/json", ...headers });
    const taken = await takeRequest(`${url}/in/standard`);
    expect(() => new Webhook(secret).verify(taken.body.toString(), taken.headers)).not.toThrow();
    expect(() => new SvixWebhook(secret).verify(taken.body, taken.headers)).not.toThrow();

    const { messages } = await api.ok<{ messages: MessageView[] }>(
      "POST",
      "/v1/topics/arrivals/subscriptions/worker/pull",
      { json: { waitMs: 10_000 } },
    );
    const { body: text, request } = messages[0] as unknown as {
      body: string;
      request: { headers: [string, string][] };
    };
    expect(() => new Webhook(secret).verify(text, Object.fromEntries(request.headers))).not.toThrow();
    const changed = text.replace("paid", "void");
    expect(() => new Webhook(secret).verify(changed, Object.fromEntries(request.headers))).toThrow(
      "No matching signature found",
    );
  });
});

async function statusOf(path: string, body: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(server().url + path, { method: "POST", body, headers });
  await response.arrayBuffer();
  return response.status;
}

describe("an inbox itself verifies the signature of", () => {
  it("GitHub, in the example that GitHub publishes", async () => {
    const verify = { method: "github", secrets: ["It's a Secret to Everybody"] };
    await server().api.ok("PUT", "/v1/inboxes/verified-github", { json: { verify } });
    const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const send = (body: string) => statusOf("/in/verified-github", body, { "X-Hub-Signature-256": signature });
    expect([await send("Hello, World?"), await send("Hello, World!")]).toEqual([401, 200]);
    expect((await takeRequest(`${server().url}/in/verified-github`)).body.toString()).toBe("Hello, World!");
    expect((await takeRequest(`${server().url}/in/verified-github`)).body.toString()).toBe("");
  });

  it("Stripe, by the algorithm that Stripe documents", async () => {
    const verify = { method: "stripe", secrets: ["whsec_test_secret"] };
    await server().api.ok("PUT", "/v1/inboxes/verified-stripe", { json: { verify } });
    const body = '{"id": "evt_1", "object": "event"}';
    const send = (time: number) => {
      const v1 = hmac("whsec_test_secret", `${time}.${body}`);
      const value = `t=${time},v1=${v1},v0=${hmac("another secret", `${time}.${body}`)}`;
      return statusOf("/in/verified-stripe", body, { "Stripe-Signature": value });
    };
    expect([await send(Math.floor(Date.now() / 1000)), await send(1_492_774_577)]).toEqual([200, 401]);
  });

  it("Standard Webhooks, with the libraries of Standard Webhooks and of svix as senders", async () => {
    const secret = `whsec_${Buffer.from("0123456789abcdef01234567").toString("base64")}`;
    const verify = { method: "standard-webhooks", secrets: [secret] };
    await server().api.ok("PUT", "/v1/inboxes/verified-standard", { json: { verify } });
    const [body, at] = ['{"type":"invoice.paid"}', new Date()];
    const timestamp = String(Math.floor(at.getTime() / 1000));
    for (const [prefix, signature] of [
      ["webhook", new Webhook(secret).sign("msg_1", at, body)],
      ["svix", new SvixWebhook(secret).sign("msg_1", at, body)],
    ]) {
      const headers = {
        [`${prefix}-id`]: "msg_1",
        [`${prefix}-timestamp`]: timestamp,
        [`${prefix}-signature`]: String(signature),
      };
      expect(await statusOf("/in/verified-standard", body, headers)).toBe(200);
      expect(await statusOf("/in/verified-standard", body.replace("paid", "void"), headers)).toBe(401);
    }
  });
});

describe("a request to an inbox", () => {
  it("that is compressed is kept as it is, and is taken and pushed with its Content-Encoding", async () => {
    const { api, url } = server();
    const receiver = await startReceiver();
    await api.putTopic("packed");
    await api.subscribe("packed", "s", { push: { url: receiver.url } });
    await api.ok("PUT", "/v1/inboxes/packed", { json: { topic: "packed" } });
    const bytes = gzipSync('{"a":1}');
    await send("/in/packed", bytes, { "content-type": "application/json", "content-encoding": "gzip" });
    const response = await fetch(`${url}/in/packed`);
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(response.headers.get("content-length")).toBe(String(bytes.length));
    // fetch decompresses the body because of the header.
    expect(await response.text()).toBe('{"a":1}');
    await expect.poll(() => receiver.arrivals.length).toBe(1);
    expect(receiver.arrivals[0]?.headers["content-encoding"]).toBe("gzip");
  });

  it("that is compressed is refused where the inbox accepts only JSON", async () => {
    const { api, url } = server();
    await api.ok("PUT", "/v1/inboxes/strict", { json: { accept: "json" } });
    const headers = { "content-encoding": "gzip" };
    const refused = await fetch(`${url}/in/strict`, { method: "POST", body: gzipSync("{}"), headers });
    expect(refused.status).toBe(415);
    expect(await refused.json()).toMatchObject({ code: "unsupported_media_type" });
  });

  it("keeps neither credentials nor headers of the connection, and keeps repeated headers in their order", async () => {
    const { api } = server();
    await api.putTopic("bare");
    await api.subscribe("bare", "worker", { pull: {} });
    await api.ok("PUT", "/v1/inboxes/bare", { json: { topic: "bare" } });
    const credentials = { authorization: "Bearer s3cret", cookie: "a=b", te: "trailers" };
    const headers = { ...credentials, Connection: "x-hop", "X-Hop": "1", "X-B": ["first", "second"] };
    // fetch would join the values of a repeated header.
    const sent = request(`${server().url}/in/bare`, { method: "POST", headers });
    sent.end("x");
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    response.resume();
    const { messages } = await api.ok<{ messages: { request: { headers: [string, string][]; query: string } }[] }>(
      "POST",
      "/v1/topics/bare/subscriptions/worker/pull",
      { json: { waitMs: 10_000 } },
    );
    const kept = messages[0]?.request.headers ?? [];
    const names = kept.map(([name]) => name);
    for (const left of ["authorization", "cookie", "connection", "te", "transfer-encoding", "x-hop"]) {
      expect(names).not.toContain(left);
    }
    expect(kept.filter(([name]) => name === "x-b").map(([, value]) => value)).toEqual(["first", "second"]);
    expect(messages[0]?.request.query).toBe("");
  });

  it("keeps as many headers and as long a query as the limits allow", async () => {
    const { api, url } = server();
    await api.ok("PUT", "/v1/inboxes/large");
    const large = { "x-large": "a".repeat(limits.inboxHeaderBytesMax), "x-signature": "s" };
    await send(`/in/large?${"q".repeat(limits.inboxQueryBytesMax + 1)}`, "one", large);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x-${index}`, "v"]));
    await send(`/in/large?${"q".repeat(limits.inboxQueryBytesMax)}`, "two", many);
    const one = await takeRequest(`${url}/in/large`);
    expect([one.headers["x-large"], one.headers["x-signature"], one.query]).toEqual([undefined, "s", null]);
    const two = await takeRequest(`${url}/in/large`);
    expect(Object.keys(two.headers)).toHaveLength(limits.inboxHeadersMax);
    expect(two.query).toHaveLength(limits.inboxQueryBytesMax);
  });
});

describe("docs/guide/inboxes.md", () => {
  it("works line by line", async () => {
    const answers: string[] = [];
    for (const line of curlLines("docs/guide/inboxes.md")) {
      const typed = line.replaceAll(readmeServer, new URL(server().url).host);
      answers.push(await runInShell(`${typed} --silent --show-error --fail-with-body`));
    }
    expect(answers).toHaveLength(6);
    expect(answers[2]).toContain("ringback-query: source=test");
    const [, , , read = "", rotated = "", verified = ""] = answers;
    expect(JSON.parse(rotated).receivePath).not.toBe(JSON.parse(read).receivePath);
    expect(JSON.parse(verified)).toMatchObject({ verify: { method: "github", secrets: null } });
  });
});
