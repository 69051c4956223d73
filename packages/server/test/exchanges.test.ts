/**
 * Real: servers inside the test's process, SQLite and PostgreSQL, sockets, TLS, receivers that answer byte by byte.
 * Nothing is faked.
 */
import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
import { until } from "./harness/until.ts";

interface Header {
  readonly name: string;
  readonly value: string | null;
}

interface Details {
  readonly id: string;
  readonly messageId: string;
  readonly attempt: number;
  readonly status: number | null;
  readonly reply?: string | null;
  readonly notKept: string | null;
  readonly exchange: {
    readonly request: {
      readonly method: string | null;
      readonly url: string;
      readonly headers: readonly Header[];
      readonly body?: string;
      readonly bodyBase64?: string;
      readonly bodyBytes: number;
      readonly truncated: boolean;
    };
    readonly reply: {
      readonly status: number;
      readonly headers: readonly Header[];
      readonly body?: string;
      readonly bodyBase64?: string;
      readonly truncated: boolean;
    } | null;
    readonly timings: Readonly<Record<string, number | null>> | null;
  } | null;
}

let topics = 0;

describe.each(["SQLite", "PostgreSQL"] as const)("the request and the reply of an attempt, with %s", (driver) => {
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
  });
  afterAll(() => started.disposeAsync());

  const subscribe = async (push: object): Promise<string> => {
    const topic = `orders-${++topics}`;
    await server.api.putTopic(topic);
    const more = { retry: { delaysMs: [] } };
    await server.api.ok("PUT", subscriptionPath(topic, "mail"), { json: { push, ...more } });
    return topic;
  };

  /** Publishes, and returns the id of the first attempt when it is recorded. */
  const attempted = async (topic: string, message: object): Promise<string> => {
    const { id } = await server.api.publish(topic, message);
    const { attempts } = await until(
      "it is attempted",
      () => server.api.delivery(id, "mail"),
      (delivery) => delivery.attempts.length > 0,
    );
    return (attempts[0] as { id?: string } | undefined)?.id ?? "";
  };

  const read = (topic: string, id: string): Promise<Details> =>
    server.api.ok<Details>("GET", `${subscriptionPath(topic, "mail")}/attempts/${id}`);

  const kept = (topic: string, id: string): Promise<Details> =>
    until(
      "the exchange is written",
      () => read(topic, id),
      ({ exchange }) => exchange !== null,
    );

  it("is kept byte for byte, without secrets", async () => {
    await using receiver = await RawReceiver.start(({ socket }) =>
      socket.end("HTTP/1.1 503 Busy\r\nX-Trace: 1\r\nx-TRACE: 2\r\nContent-Length: 4\r\n\r\nbusy"),
    );
    const topic = await subscribe({
      url: `${receiver.origin}/hook?a=1`,
      protocol: "raw",
      headers: { "X-Secret": "s3cret-header" },
      auth: { type: "basic", username: "me", password: "pass-word" },
    });
    const id = await attempted(topic, { body: { order: 17 }, type: "bestellung.größe", attributes: { name: "Zoë" } });
    const details = await kept(topic, id);
    expect(details).toMatchObject({ id, attempt: 1, status: 503, notKept: null });
    const { request, reply, timings } = details.exchange ?? {};
    expect(request).toMatchObject({ method: "POST", url: `${receiver.origin}/hook?a=1`, truncated: false });
    const secrets: Readonly<Record<string, string>> = {
      "x-secret": "s3cret-header",
      authorization: "Basic bWU6cGFzcy13b3Jk",
    };
    const lines = request?.headers.map(({ name, value }) => `${name}: ${value ?? secrets[name.toLowerCase()]}\r\n`);
    const written = Buffer.from(`POST /hook?a=1 HTTP/1.1\r\n${lines?.join("")}\r\n${request?.body}`);
    expect(receiver.connections[0]?.received()).toBe(written.toString("latin1"));
    expect(reply).toEqual({
      status: 503,
      headers: [
        { name: "X-Trace", value: "1" },
        { name: "x-TRACE", value: "2" },
        { name: "Content-Length", value: "4" },
      ],
      body: "busy",
      truncated: false,
    });
    const times = timings ?? {};
    expect(Object.keys(times)).toEqual(["lookupMs", "connectMs", "tlsMs", "firstByteMs", "bodyMs"]);
    expect([times["lookupMs"], times["tlsMs"]]).toEqual([null, null]);
    for (const step of ["connectMs", "firstByteMs", "bodyMs"]) expect(times[step]).toBeGreaterThanOrEqual(0);
    expect(JSON.stringify(details)).not.toMatch(/s3cret|bWU6/);
  });

  it("has bytes that are no text, a decompressed reply, and the beginning of what is long", async () => {
    await using receiver = await startReceiver((_, response) => {
      response.writeHead(500, { "content-encoding": "gzip" }).end(gzipSync("no ".repeat(1_000)));
    });
    const topic = await subscribe({ url: receiver.url, protocol: "raw" });
    const bytes = Buffer.alloc(limits.exchangeBodyBytesMax + 10, 0xff);
    const id = await attempted(topic, { bodyBase64: bytes.toString("base64") });
    const { exchange, reply } = await kept(topic, id);
    expect(exchange?.request).toMatchObject({ bodyBytes: bytes.length, truncated: true });
    const cut = bytes.subarray(0, limits.exchangeBodyBytesMax).toString("base64");
    expect(exchange?.request.bodyBase64).toBe(cut);
    expect(exchange?.reply).toMatchObject({ body: "no ".repeat(1_000), truncated: false });
    // The record of the attempt has no more of the reply than without an exchange.
    expect(reply).toBe("no ".repeat(1_000).slice(0, limits.replyKeptBytes));
  });

  it("has the time of the TLS handshake, unless the connection is used again", async () => {
    await using stack = new AsyncDisposableStack();
    const https = createTlsServer(tlsFixture, (_, response) => void response.end("ok")).listen(0, "127.0.0.1");
    stack.defer(async () => {
      https.closeAllConnections();
      await new Promise((resolve) => https.close(resolve));
    });
    await once(https, "listening");
    const url = `https://127.0.0.1:${(https.address() as AddressInfo).port}/`;
    const topic = await subscribe({ url, protocol: "raw", tls: { ca: tlsFixture.cert }, keepExchanges: "all" });
    const first = await kept(topic, await attempted(topic, { body: "1" }));
    const second = await kept(topic, await attempted(topic, { body: "2" }));
    expect(first.exchange?.timings?.["tlsMs"]).toBeGreaterThan(0);
    expect(first.exchange?.timings?.["connectMs"]).toBeGreaterThanOrEqual(0);
    expect(second.exchange?.timings).toMatchObject({ lookupMs: null, connectMs: null, tlsMs: null });
    expect(second.exchange?.timings?.["firstByteMs"]).toBeGreaterThanOrEqual(0);
  });

  it("is kept without a reply, where no connection came about", async () => {
    const topic = await subscribe({ url: `http://127.0.0.1:${await freePort()}/`, protocol: "raw" });
    const { exchange } = await kept(topic, await attempted(topic, { body: "a" }));
    expect(exchange).toMatchObject({ request: { method: "POST", body: "a" }, reply: null });
    expect(exchange?.timings).toMatchObject({ connectMs: null, firstByteMs: null, bodyMs: null });
  });

  it("is not kept of what was not sampled, of what was not sent, and where nothing is to be kept", async () => {
    await using receiver = await startReceiver();
    const sampled = await subscribe({ url: receiver.url, protocol: "raw" });
    await kept(sampled, await attempted(sampled, { body: "first" }));
    expect(await read(sampled, await attempted(sampled, { body: "second" }))).toMatchObject({
      exchange: null,
      notKept: "sampled",
    });
    const none = await subscribe({ url: receiver.url, protocol: "raw", keepExchanges: "none" });
    expect(await read(none, await attempted(none, { body: "a" }))).toMatchObject({ exchange: null, notKept: "none" });
    const unsent = await subscribe({ url: receiver.url, protocol: "mns-xml", keepExchanges: "all" });
    const answer = await read(unsent, await attempted(unsent, { body: "\u000b" }));
    expect(answer).toMatchObject({ exchange: null, notKept: "unsent" });
  });

  it("is found only among the attempts of its own subscription", async () => {
    await using receiver = await startReceiver();
    const [one, other] = [await subscribe({ url: receiver.url }), await subscribe({ url: receiver.url })];
    const id = await attempted(one, { body: "a" });
    const wrong = [`${id}0`, id.replace(/-1-/, "-2-"), "none", "1-1-1", encodeURIComponent("../../x")];
    for (const [topic, attempt] of [[other, id] as const, ...wrong.map((each) => [one, each] as const)]) {
      const path = `${subscriptionPath(topic, "mail")}/attempts/${attempt}`;
      const { status, json } = await server.api.call<{ readonly code: string }>("GET", path);
      expect([attempt, status, json.code]).toEqual([attempt, 404, "attempt_not_found"]);
    }
  });
});
