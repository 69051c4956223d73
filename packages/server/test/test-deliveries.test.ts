/**
 * Real: servers inside the test's process, SQLite and PostgreSQL, sockets, TLS, and receivers that misbehave. Nothing
 * is faked.
 */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineLimits } from "../src/engine/engine-limits.ts";
import { limits } from "../src/domain/limits.ts";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { RawReceiver } from "../src/transport/testing/raw-receiver.ts";
import { tlsFixture } from "../src/transport/testing/tls-fixture.ts";
import { subscriptionPath } from "./harness/api.ts";
import { withMasterKey } from "./harness/cmq/account.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { freePort } from "./harness/free-port.ts";
import { startReceiver } from "./harness/receiver.ts";
import { type RunningServer, startServerInProcess } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

interface Tested {
  readonly code?: string;
  readonly detail?: string;
  readonly request: {
    readonly method: string | null;
    readonly url: string;
    readonly headers: Readonly<Record<string, string | null>>;
    readonly body?: string;
    readonly bodyBase64?: string;
  } | null;
  readonly reply: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly bodyBase64?: string;
    readonly truncated: boolean;
  } | null;
  readonly verdict: string;
  readonly error: string | null;
  readonly errorDetail: string | null;
}

const sub = subscriptionPath("orders", "mail");

describe.each(["SQLite", "PostgreSQL"] as const)("a test of an endpoint, with %s", (driver) => {
  const started = new AsyncDisposableStack();
  let server: RunningServer;

  beforeAll(async () => {
    const { path: folder } = started.use(await temporaryFolder());
    const args: string[] = [];
    if (driver === "PostgreSQL") {
      const database = await PostgresServer.start();
      started.defer(() => database.stop());
      await database.query("CREATE DATABASE ringback");
      args.push("--database", database.url("ringback"));
    }
    server = started.use(await startServerInProcess({ folder, args, env: withMasterKey() }));
    await server.api.putTopic("orders");
  });
  afterAll(() => started.disposeAsync());

  const put = (push: object, more: object = {}) => server.api.ok("PUT", sub, { json: { push, ...more } });
  const call = (json?: unknown) => server.api.call<Tested>("POST", `${sub}/test`, json === undefined ? {} : { json });
  /** Repeats a test that the limit per second has refused. */
  const test = (json?: unknown) =>
    until(
      "the limit per second allows a test",
      () => call(json),
      ({ status }) => status !== 429,
    );
  const attempts = async () => (await server.api.ok<{ items: readonly unknown[] }>("GET", `${sub}/attempts`)).items;

  it("shows the request byte for byte, without its secrets, and the reply", async () => {
    await using receiver = await RawReceiver.start(({ socket }) =>
      socket.end("HTTP/1.1 202 Fine\r\nX-Trace: 1\r\nX-Trace: 2\r\nContent-Length: 2\r\n\r\nhi"),
    );
    await put({
      url: `${receiver.origin}/hook?a=1`,
      protocol: "raw",
      headers: { "X-Secret": "s3cret-header" },
      auth: { type: "basic", username: "me", password: "pass-word" },
    });
    const message = { body: { order: 17 }, type: "bestellung.größe", attributes: { name: "Zoë" } };
    const { status, json } = await test({ message });
    expect([status, json.verdict, json.error, json.reply]).toEqual([
      200,
      "accepted",
      null,
      { status: 202, headers: { "x-trace": "1", "content-length": "2" }, body: "hi", truncated: false },
    ]);
    const { method, url, headers = {}, body } = json.request ?? {};
    expect([method, url, body]).toEqual(["POST", `${receiver.origin}/hook?a=1`, '{"order":17}']);
    const secrets = { "x-secret": "s3cret-header", authorization: "Basic bWU6cGFzcy13b3Jk" };
    const hidden = Object.entries(headers).filter(([, value]) => value === null);
    expect(hidden.map(([name]) => name.toLowerCase()).toSorted()).toEqual(["authorization", "x-secret"]);
    const lines = Object.entries(headers).map(
      ([name, value]) => `${name}: ${value ?? secrets[name.toLowerCase() as keyof typeof secrets]}\r\n`,
    );
    const written = Buffer.from(`POST /hook?a=1 HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
    expect(receiver.connections[0]?.received()).toBe(written.toString("latin1"));
    expect(Object.keys(headers).slice(0, 2)).toEqual(["Host", "Content-Length"]);
    expect(headers["ringback-topic"]).toBe("orders");
    expect(JSON.stringify(json)).not.toMatch(/s3cret|bWU6/);
  });

  it("sends a sample that is told apart, and leaves no trace but the record of who did it", async () => {
    await using receiver = await startReceiver();
    await put({ url: receiver.url, protocol: "raw" });
    const before = await server.api.ok<{ counts: object }>("GET", sub);
    const first = await test();
    const second = await test({});
    expect([first.json.verdict, second.json.verdict]).toEqual(["accepted", "accepted"]);
    expect(JSON.parse(first.json.request?.body ?? "")).toMatchObject({
      type: "ringback.test",
      topic: "orders",
      subscription: "mail",
    });
    const [one, two] = receiver.arrivals;
    expect([one?.headers["ringback-type"], one?.headers["ringback-attempt"]]).toEqual(["ringback.test", "1"]);
    expect(one?.messageId).not.toBe(two?.messageId);
    expect((await server.api.call("GET", `/v1/messages/${one?.messageId}`)).status).toBe(404);
    expect(await attempts()).toEqual([]);
    expect((await server.api.ok<{ counts: object }>("GET", sub)).counts).toEqual(before.counts);
    const audit = await server.api.ok<{ items: readonly object[] }>("GET", "/v1/audit?action=testSubscription&limit=1");
    expect(audit.items).toMatchObject([
      { target: "topics/orders/subscriptions/mail", after: { status: 200, verdict: "accepted", error: null } },
    ]);
  });

  it("sends a message of the topic as it is, and none of another topic", async () => {
    await using receiver = await startReceiver();
    await put({ url: receiver.url, protocol: "raw" }, { filter: { types: ["never"] } });
    const { id } = await server.api.publish("orders", { bodyBase64: "/w==" });
    await server.api.putTopic("private");
    const other = await server.api.publish("private", { body: "x" });
    const { json } = await test({ messageId: id });
    expect([json.verdict, json.request?.bodyBase64, receiver.arrivals[0]?.messageId]).toEqual(["accepted", "/w==", id]);
    for (const messageId of [other.id, "1", "none"]) {
      expect(await test({ messageId })).toMatchObject({ status: 404, json: { code: "message_not_found" } });
    }
  });

  it("works while the subscription is paused, and 410 disables nothing", async () => {
    await using receiver = await startReceiver(() => 410);
    await put({ url: receiver.url, protocol: "raw" });
    await server.api.ok("POST", `${sub}/pause`);
    expect((await test()).json).toMatchObject({ verdict: "failed", error: "gone", reply: { status: 410, body: "ok" } });
    expect(await server.api.ok("GET", sub)).toMatchObject({ state: "paused" });
    await server.api.ok("POST", `${sub}/resume`);
  });

  it("shows signatures that the receiver can verify", async () => {
    await using receiver = await startReceiver();
    await using robot = await RawReceiver.start(({ socket }) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 47\r\n\r\n{"errcode":310000,"errmsg":"sign not match"}   '),
    );
    await put({ url: receiver.url, protocol: "standard-webhooks" });
    const signed = (await test()).json.request?.headers ?? {};
    expect(signed["webhook-signature"]).toMatch(/^v1,/);
    expect(signed["webhook-signature"]).toBe(receiver.arrivals[0]?.headers["webhook-signature"]);

    const secret = "SEC0123456789abcdef";
    const k = Buffer.from(secret).toString("base64url");
    await server.api.ok("PUT", "/v1/keys/ding", { json: { jwk: { kty: "oct", k } } });
    await put({ url: `${robot.origin}/robot/send?access_token=t`, protocol: "dingtalk", keys: ["ding"] });
    const { json } = await test();
    const { searchParams } = new URL(json.request?.url ?? "");
    const timestamp = searchParams.get("timestamp");
    const sign = createHmac("sha256", secret).update(`${timestamp}\n${secret}`).digest("base64");
    expect([searchParams.get("access_token"), searchParams.get("sign")]).toEqual(["t", sign]);
    const target = new URL(json.request?.url ?? "");
    expect(robot.connections[0]?.received()).toContain(`POST ${target.pathname}${target.search} HTTP/1.1\r\n`);
    expect(json).toMatchObject({
      verdict: "failed",
      error: "refused",
      errorDetail: "errcode 310000: sign not match",
      reply: { status: 200, truncated: false },
    });
  });

  describe("of a receiver that misbehaves", () => {
    it("hangs: the time limit ends it", async () => {
      await using receiver = await RawReceiver.start(() => undefined);
      await put({ url: receiver.origin, protocol: "raw", timeoutMs: 1000 });
      const { json } = await test();
      expect(json).toMatchObject({ reply: null, verdict: "error", error: "timeout" });
      expect(json.request?.headers["Host"]).toBe(new URL(receiver.origin).host);
    });

    it("refuses: the request is shown without the headers of a connection", async () => {
      await put({ url: `http://127.0.0.1:${await freePort()}/`, protocol: "raw", headers: { "x-key": "hidden-key" } });
      const { json } = await test();
      expect(json).toMatchObject({ reply: null, verdict: "error", error: "connect_refused" });
      expect(json.request?.headers).toMatchObject({ "ringback-topic": "orders", "x-key": null });
      expect(json.request?.headers["Host"]).toBeUndefined();
    });

    it("replies at length: the beginning is shown, without half a character", async () => {
      await using receiver = await startReceiver((_, response) => void response.end("汉".repeat(1_000_000)));
      await put({ url: receiver.url, protocol: "raw" });
      const { json } = await test();
      expect(json).toMatchObject({ verdict: "accepted", reply: { status: 200, truncated: true } });
      expect(json.reply?.body).toBe("汉".repeat(Math.floor(limits.exchangeBodyBytesMax / 3)));
    });

    it("replies with no HTTP, or no text", async () => {
      let reply = "SSH-2.0-OpenSSH_9.6\r\n";
      await using receiver = await RawReceiver.start(({ socket }) => socket.end(Buffer.from(reply, "latin1")));
      await put({ url: receiver.origin, protocol: "raw", connection: "close" });
      const { json } = await test();
      expect(json).toMatchObject({ reply: null, verdict: "error", error: "bad_reply" });
      expect(json.request?.headers["Connection"]).toBe("close");
      reply = "HTTP/1.1 500 \u00ff\r\nContent-Length: 1\r\n\r\n\u00ff";
      expect((await test()).json).toMatchObject({
        verdict: "failed",
        error: "http_status",
        reply: { status: 500, bodyBase64: "/w==", truncated: false },
      });
    });

    it("has a certificate that nobody trusts", async () => {
      await using stack = new AsyncDisposableStack();
      const https = createTlsServer(tlsFixture, (_, response) => void response.end("ok")).listen(0, "127.0.0.1");
      stack.defer(async () => {
        https.closeAllConnections();
        await new Promise((resolve) => https.close(resolve));
      });
      await once(https, "listening");
      const url = `https://127.0.0.1:${(https.address() as AddressInfo).port}/`;
      await put({ url, protocol: "raw" });
      expect((await test()).json).toMatchObject({ reply: null, verdict: "error", error: "tls_failed" });
      await put({ url, protocol: "raw", tls: { ca: tlsFixture.cert } });
      expect((await test()).json).toMatchObject({ reply: { status: 200, body: "ok" }, verdict: "accepted" });
    });
  });

  it("shows only the body of what goes over TCP, which has no replies", async () => {
    await using receiver = await RawReceiver.start(
      () => undefined,
      ({ socket }) => void socket.on("end", () => socket.end()),
    );
    const url = `tcp://127.0.0.1:${receiver.port}`;
    await put({ url, protocol: "wechat" });
    const { json } = await test({ message: { body: { pushType: 1 } } });
    const sent = { method: null, url, headers: {}, body: '{"pushType":1}' };
    expect(json).toMatchObject({ request: sent, reply: null, verdict: "accepted", error: null });
    expect(receiver.connections[0]?.received()).toContain(sent.body);
  });

  it("ends a loop of tests", async () => {
    await using receiver = await startReceiver();
    await put({ url: receiver.url, protocol: "raw" });
    const headers = { "ringback-hops": String(limits.hopsMax) };
    const answer = await server.api.call<Tested>("POST", `${sub}/test`, { headers });
    expect([answer.status, answer.json.code]).toEqual([508, "loop_detected"]);
    await until(
      "the limit per second allows a test",
      () => server.api.call("POST", `${sub}/test`, { headers: { "ringback-hops": "1" } }),
      ({ status }) => status === 200,
    );
    expect(receiver.arrivals[0]?.headers["ringback-hops"]).toBe("2");
  });

  it("says why nothing was sent", async () => {
    await put({ url: "http://127.0.0.1:9/", protocol: "mns-xml" });
    const { json } = await test({ message: { body: "\u000b" } });
    expect(json).toMatchObject({ request: null, reply: null, verdict: "error", error: "unencodable" });
    expect(json.errorDetail).not.toBeNull();
  });

  it.each<[string, unknown, string]>([
    ["both a message and an id", { message: { body: "x" }, messageId: "1" }, "messageId: cannot be given together"],
    ["a message without a body", { message: { type: "a.b" } }, "message.body: give exactly one"],
    ["a wrong tag", { message: { body: "x", tags: [""] } }, "message.tags[0]"],
    ["an unknown member", { messages: [] }, "messages"],
    ["a list", [], "must be an object"],
  ])("refuses %s, with the place", async (_, body, detail) => {
    await put({ url: "http://127.0.0.1:9/", protocol: "raw" });
    const { status, json } = await test(body);
    expect([status, json.detail]).toEqual([400, expect.stringContaining(detail)]);
  });

  it("refuses a subscription that has no endpoint, or one that is not verified", async () => {
    const pulled = subscriptionPath("orders", "pulled");
    await server.api.ok("PUT", pulled, { json: { pull: {} } });
    const answer = await server.api.call<Tested>("POST", `${pulled}/test`);
    expect([answer.status, answer.json.detail]).toEqual([400, expect.stringContaining("pull: the subscription")]);
    await using receiver = await startReceiver(() => 500);
    await put({ url: receiver.url, protocol: "raw", verify: "challenge" });
    const { status, json } = await test();
    expect([status, json.detail]).toEqual([400, expect.stringContaining("push.verify: the endpoint gets no messages")]);
    expect(receiver.arrivals.every(({ text }) => text.includes("ringback.verification"))).toBe(true);
  });

  it("allows an account only so many tests at a time", async () => {
    const { onDemandPerAccountMax } = engineLimits;
    await using receiver = await RawReceiver.start(() => undefined);
    await put({ url: receiver.origin, protocol: "raw" });
    const running = Array.from({ length: onDemandPerAccountMax }, () => test());
    await untilTrue("as many tests run as may", () => receiver.requests === onDemandPerAccountMax);
    const refused = await call();
    expect([refused.status, refused.json.code]).toEqual([429, "too_many_tests"]);
    for (const { socket } of receiver.connections) socket.destroy();
    const ended = await Promise.all(running);
    expect(ended.map(({ json }) => json.error)).toEqual(Array(onDemandPerAccountMax).fill("connection_reset"));
  });
});
