/** Real: servers inside the test's process, their databases, sockets, a receiver of OTLP. Nothing is faked. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { type Collector, type ReceivedSpan, startCollector } from "./harness/collector.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver } from "./harness/receiver.ts";
import { type RunningServer, startServerInProcess } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

const started = new AsyncDisposableStack();
let database: PostgresServer;
beforeAll(async () => {
  database = await PostgresServer.start();
});
afterAll(async () => {
  await started.disposeAsync();
  await database.stop();
});

type Driver = "SQLite" | "PostgreSQL";
const drivers = ["SQLite", "PostgreSQL"] as const;
let databases = 0;

/** Returns a function that starts servers on the same database. */
async function serversOn(driver: Driver, env: Readonly<Record<string, string>>): Promise<() => Promise<RunningServer>> {
  const folder = started.use(await temporaryFolder());
  const name = `spans${databases++}`;
  if (driver === "PostgreSQL") await database.query(`CREATE DATABASE ${name}`);
  const args = driver === "SQLite" ? [] : ["--database", database.url(name)];
  return async () => started.use(await startServerInProcess({ folder: folder.path, args, env }));
}

let lastTrace = 0;
/** A trace of a publisher, whose span is the parent of the publish. */
function newTrace(flags = "01") {
  const traceId = (++lastTrace).toString(16).padStart(32, "a");
  return { traceId, parentId: "00f067aa0ba902b7", traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` };
}

const named = (spans: readonly ReceivedSpan[], name: string) => spans.filter((span) => span.name === name);
const parentIn = (traceparent: unknown) => String(traceparent).split("-")[2];

// The tests run beside each other, because a span waits for a second before it is exported.
describe.each(drivers)("with tracing, on %s,", { concurrent: true }, (driver) => {
  let collector: Collector;
  let server: RunningServer;

  const tracingServers = () =>
    serversOn(driver, {
      RINGBACK_OTLP_ENDPOINT: collector.url,
      RINGBACK_OTLP_HEADERS: "authorization=Bearer%20s3cr3t,x-team=blue",
      RINGBACK_PUBLIC_NAME: "node-1.test",
    });
  beforeAll(async () => {
    collector = started.use(await startCollector());
    server = await (await tracingServers())();
  });

  it("a publish, its delivery and its attempt are spans of the publisher's trace", async () => {
    const { api } = server;
    await using receiver = await startReceiver();
    await api.putTopic("orders");
    await api.subscribe("orders", "mail", { push: { url: `${receiver.url}/secret-path?token=secret` } });
    const { traceId, parentId, traceparent } = newTrace();
    const headers = { traceparent, tracestate: "congo=t61rcWkgMzE" };
    const { id } = await api.publish("orders", { body: "hello" }, headers);
    const spans = await collector.ofTrace(traceId, 3);
    expect(spans).toHaveLength(3);
    const [publish] = named(spans, "publish orders");
    const [deliver] = named(spans, "deliver orders");
    const [attempt] = named(spans, "POST");
    const common = { traceId, traceState: "congo=t61rcWkgMzE", isError: false };
    const message = {
      "messaging.system": "ringback",
      "messaging.destination.name": "orders",
      "messaging.message.id": id,
      "ringback.account": "default",
    };
    const received = { ...message, "messaging.destination.subscription.name": "mail" };
    expect(publish).toMatchObject({ ...common, kind: "producer", parentSpanId: parentId });
    expect(publish?.attributes).toEqual({
      ...message,
      "messaging.operation.name": "publish",
      "messaging.operation.type": "send",
      "messaging.message.body.size": 5,
    });
    expect(deliver).toMatchObject({ ...common, kind: "internal", parentSpanId: publish?.spanId });
    expect(deliver?.attributes).toEqual({
      ...received,
      "messaging.operation.name": "deliver",
      "messaging.message.body.size": 5,
      "ringback.outcome": "delivered",
      "ringback.attempts": 1,
    });
    expect(attempt).toMatchObject({ ...common, kind: "client", parentSpanId: deliver?.spanId });
    expect(attempt?.attributes).toEqual({
      ...received,
      "messaging.operation.name": "push",
      "messaging.operation.type": "send",
      "http.request.method": "POST",
      "http.response.status_code": 200,
      "url.scheme": "http",
      "server.address": "127.0.0.1",
      "server.port": Number(new URL(receiver.url).port),
      "ringback.attempt": 1,
      "ringback.verdict": "accepted",
    });
    // The attempt is the parent of what the endpoint does.
    const sent = receiver.arrivals[0]?.headers;
    expect(sent).toMatchObject({ traceparent: `00-${traceId}-${attempt?.spanId}-01`, tracestate: "congo=t61rcWkgMzE" });
    expect(publish?.resource).toMatchObject({ "service.name": "ringback", "service.instance.id": "node-1.test" });
  });

  it("the collector gets the configured headers, and no path of an endpoint", async () => {
    const { api } = server;
    await using receiver = await startReceiver();
    await api.putTopic("hidden");
    await api.subscribe("hidden", "s", { push: { url: `${receiver.url}/secret-path?token=secret` } });
    const { traceId, traceparent } = newTrace();
    await api.publish("hidden", { body: "x" }, { traceparent });
    await collector.ofTrace(traceId, 3);
    const { requests } = collector;
    expect(requests[0]).toMatchObject({ path: "/v1/traces", method: "POST" });
    expect(requests[0]?.headers).toMatchObject({ authorization: "Bearer s3cr3t", "x-team": "blue" });
    expect(requests.map(({ text }) => text).join()).not.toContain("secret");
  });

  it("the attempts of a delivery are children of one span, also after a restart", async () => {
    let isBroken = true;
    await using receiver = await startReceiver(() => (isBroken ? 503 : 200));
    const start = await tracingServers();
    const server = await start();
    await server.api.putTopic("again");
    // The retry is due before the next server is ready, so that the server finds it at its start.
    const retry = { delaysMs: Array.from({ length: 500 }, () => 50) };
    await server.api.subscribe("again", "s", { push: { url: receiver.url }, retry });
    const { traceId, traceparent } = newTrace();
    await server.api.publish("again", { body: "x" }, { traceparent });
    await untilTrue("it has failed", () => receiver.arrivals.length > 0);
    await server.stop();
    isBroken = false;
    await start();
    const ofTrace = () => collector.spans().filter((span) => span.traceId === traceId);
    const delivers = await until(
      "it is delivered",
      () => named(ofTrace(), "deliver again"),
      ({ length }) => length > 0,
    );
    const spans = ofTrace();
    const attempts = named(spans, "POST").toSorted((one, other) => one.startMs - other.startMs);
    const [deliver, ...others] = delivers;
    expect(others).toEqual([]);
    expect(deliver).toMatchObject({ parentSpanId: named(spans, "publish again")[0]?.spanId, isError: false });
    expect(deliver?.attributes).toMatchObject({
      "ringback.outcome": "delivered",
      "ringback.attempts": attempts.length,
    });
    expect(attempts.map(({ parentSpanId }) => parentSpanId)).toEqual(attempts.map(() => deliver?.spanId));
    expect(attempts[0]).toMatchObject({ isError: true, statusMessage: "http_status" });
    expect(attempts[0]?.attributes).toMatchObject({ "error.type": "503", "ringback.verdict": "failed" });
    expect(attempts.map(({ attributes }) => attributes["ringback.attempt"])).toEqual(attempts.map((_, at) => at + 1));
    expect(attempts.at(-1)?.attributes).toMatchObject({ "http.request.resend_count": attempts.length - 1 });
    const parents = receiver.arrivals.map(({ headers }) => parentIn(headers["traceparent"]));
    expect(parents).toEqual(attempts.map(({ spanId }) => spanId));
    // The delivery began with the publish and ended with the last attempt.
    expect(deliver?.startMs).toBeLessThanOrEqual(attempts[0]?.startMs ?? 0);
    expect(deliver?.endMs).toBeGreaterThanOrEqual(attempts.at(-1)?.startMs ?? Infinity);
  });

  it("a dead letter ends the delivery's span with an error, and its redrive is another span", async () => {
    const { api } = server;
    await using receiver = await startReceiver((_arrival, _response, index) => (index < 2 ? 500 : 200));
    await api.putTopic("given-up");
    await api.subscribe("given-up", "s", { push: { url: receiver.url }, retry: { delaysMs: [1] } });
    const { traceId, traceparent } = newTrace();
    await api.publish("given-up", { body: "x" }, { traceparent });
    const [dead] = named(await collector.ofTrace(traceId, 4), "deliver given-up");
    expect(dead).toMatchObject({ isError: true, statusMessage: "retries_exhausted" });
    expect(dead?.attributes).toMatchObject({ "ringback.outcome": "dead", "error.type": "retries_exhausted" });
    await until(
      "it is a dead letter",
      () => api.counts("given-up", "s"),
      ({ deadLetters }) => deadLetters === 1,
    );
    await api.ok("POST", "/v1/topics/given-up/subscriptions/s/dead-letters/redrive", { json: { all: true } });
    const spans = await collector.ofTrace(traceId, 6);
    const delivers = named(spans, "deliver given-up");
    expect(delivers.filter(({ isError }) => isError)).toHaveLength(1);
    expect(delivers).toHaveLength(2);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(6);
    expect(named(spans, "POST").at(-1)?.parentSpanId).toBe(delivers.find(({ isError }) => !isError)?.spanId);
  });

  it("a batch is one span for each trace, and each message keeps its own trace", async () => {
    const { api } = server;
    await using receiver = await startReceiver();
    await api.putTopic("batch");
    await api.subscribe("batch", "s", { push: { url: receiver.url }, order: "strict" });
    const [one, two, unsampled] = [newTrace(), newTrace(), newTrace("00")];
    const traces = [one, two, unsampled, one].map(({ traceparent }) => ({ body: "x", traceparent }));
    const published = await api.publishBatch("batch", traces);
    const [ofOne] = named(await collector.ofTrace(one.traceId, 5), "publish batch");
    const [ofTwo] = named(await collector.ofTrace(two.traceId, 3), "publish batch");
    expect(ofOne?.attributes).toMatchObject({ "messaging.batch.message_count": 2 });
    expect(ofTwo?.attributes).toMatchObject({ "messaging.message.id": published[1]?.id });
    await untilTrue("all arrived", () => receiver.arrivals.length === 4);
    const sent = receiver.arrivals.map(({ headers }) => String(headers["traceparent"]));
    expect(sent.map((traceparent) => traceparent.slice(3, 35))).toEqual(
      [one, two, unsampled, one].map(({ traceId }) => traceId),
    );
    // The publisher does not record this trace, so it passes unchanged.
    expect(sent[2]).toBe(unsampled.traceparent);
  });

  it("a publish without a trace begins one, and one that is not sampled makes no spans", async () => {
    const { api } = server;
    await using receiver = await startReceiver();
    await api.putTopic("roots");
    await api.subscribe("roots", "s", { push: { url: receiver.url }, order: "strict" });
    const unsampled = newTrace("00");
    await api.publish("roots", { body: "x" }, { traceparent: unsampled.traceparent });
    await api.publish("roots", { body: "x" });
    await untilTrue("both arrived", () => receiver.arrivals.length === 2);
    const [first, second] = receiver.arrivals.map(({ headers }) => String(headers["traceparent"]));
    expect(first).toBe(unsampled.traceparent);
    const spans = await collector.ofTrace(second?.slice(3, 35) ?? "", 3);
    expect(named(spans, "publish roots")[0]?.parentSpanId).toBe("");
    expect(collector.spans().some(({ traceId }) => traceId === unsampled.traceId)).toBe(false);
  });

  it("a refused publish is a span with the code of the error", async () => {
    const { api } = server;
    await api.putTopic("small", { bodyBytesMax: 1024 });
    const { traceId, traceparent } = newTrace();
    const headers = { traceparent };
    expect(
      await api.call("POST", "/v1/topics/small/messages", { json: { body: "x".repeat(1025) }, headers }),
    ).toMatchObject({
      status: 413,
    });
    const [publish] = await collector.ofTrace(traceId, 1);
    expect(publish).toMatchObject({ name: "publish small", isError: true });
    expect(publish?.attributes).toMatchObject({ "error.type": "body_too_large" });
  });

  it("an endpoint that cannot be reached is an error of the attempt, with its cause", async () => {
    const { api } = server;
    const receiver = await startReceiver();
    await receiver[Symbol.asyncDispose]();
    await api.putTopic("away");
    await api.subscribe("away", "s", { push: { url: receiver.url }, retry: "none" });
    const { traceId, traceparent } = newTrace();
    await api.publish("away", { body: "x" }, { traceparent });
    const [attempt] = named(await collector.ofTrace(traceId, 3), "POST");
    expect(attempt).toMatchObject({ isError: true });
    expect(attempt?.attributes).toMatchObject({ "error.type": "connect_refused", "ringback.verdict": "error" });
    expect(attempt?.attributes).not.toHaveProperty("http.response.status_code");
  });

  it("a Ringback server that pushes to another one continues the trace", async () => {
    const { api, url } = server;
    await using receiver = await startReceiver();
    await api.putTopic("far");
    await api.subscribe("far", "s", { push: { url: receiver.url } });
    await api.putTopic("near");
    await api.subscribe("near", "s", { push: { url: `${url}/v1/topics/far/messages` } });
    const { traceId, traceparent } = newTrace();
    await api.publish("near", { body: "x" }, { traceparent });
    const spans = await collector.ofTrace(traceId, 6);
    const bySpanId = new Map(spans.map((span) => [span.spanId, span]));
    const path: string[] = [];
    let last = named(spans, "POST").find(({ attributes }) => attributes["messaging.destination.name"] === "far");
    for (; last !== undefined; last = bySpanId.get(last.parentSpanId)) path.unshift(last.name);
    expect(path).toEqual(["publish near", "deliver near", "POST", "publish far", "deliver far", "POST"]);
  });
});
