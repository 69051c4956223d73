/** Real: the server inside the test's process, its database, its event stream, a receiver. Nothing is faked. */
import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { limits } from "../src/domain/limits.ts";
import { subscriptionPath } from "./harness/api.ts";
import { callHook } from "./harness/hooks.ts";
import { listen } from "./harness/live-events.ts";
import { type Arrival, startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();

/** Each hop doubles what the hop before has sent: 1, 2, 4 … The last one is refused. */
const accepted = 2 ** limits.hopsMax - 1;
const refused = 2 ** limits.hopsMax;
const names = ["one", "two"] as const;

async function publishedCount(): Promise<number> {
  return (await server().api.metrics()).get("ringback_publishes_total") ?? 0;
}

/** Creates two subscriptions that push to this server, publishes one message, and expects that the loop ends. */
async function expectBounded(topic: string, push: { readonly url: string; readonly protocol: string }): Promise<void> {
  const { api, url } = server();
  await using stream = await listen(url, `?topic=${topic}&type=loop.detected`);
  for (const name of names) await api.subscribe(topic, name, { push });
  const before = await publishedCount();
  await api.publish(topic, { body: "round and round" });
  for (const name of names) {
    await until(
      "its part of the last hop is refused",
      () => api.counts(topic, name),
      ({ deadLetters, backlog, parked, inFlight }) => deadLetters === refused / 2 && backlog + parked + inFlight === 0,
    );
    const { items } = await api.deadLetters(topic, name);
    expect(new Set(items.map(({ reason, attempts }) => `${reason} ${attempts}`))).toEqual(new Set(["loop_detected 1"]));
    expect(items[0]).toMatchObject({ lastStatus: 508, lastErrorCode: "loop_detected" });
    expect(items[0]?.reply).toContain('"code":"loop_detected"');
  }
  expect((await publishedCount()) - before).toBe(accepted);
  await untilTrue("every event has arrived", () => stream.events.length === refused);
  expect(stream.events[0]).toMatchObject({ type: "loop.detected", topic });
}

describe("two subscriptions end their loop after a bounded number of messages", () => {
  it.each(["raw", "cloudevents-binary", "mns-simplified", "cmq-simplified", "cmq-json"])(
    "that push to the topic itself in the dialect %s",
    async (protocol) => {
      const { api, url } = server();
      const topic = `loop-${protocol}`;
      await api.putTopic(topic);
      await expectBounded(topic, { url: `${url}/v1/topics/${topic}/messages`, protocol });
    },
  );

  it.each(["raw", "cmq-simplified"])("that push to an inbox of the topic in the dialect %s", async (protocol) => {
    const { api, url } = server();
    const topic = `inbox-${protocol}`;
    await api.putTopic(topic);
    await api.ok("PUT", `/v1/inboxes/${topic}`, { json: { topic } });
    await expectBounded(topic, { url: `${url}/in/${topic}`, protocol });
  });
});

it("a loop through two servers ends", async () => {
  const { api, url } = server();
  // Another server accepts the message, and pushes it back with one hop more.
  const pushBack = async ({ headers, text }: Arrival, response: ServerResponse): Promise<void> => {
    const next = await fetch(`${url}/v1/topics/there-and-back/messages`, {
      method: "POST",
      headers: { "content-type": "text/plain", "ringback-hops": String(Number(headers["ringback-hops"]) + 1) },
      body: text,
    });
    response.writeHead(next.status, { "content-type": "application/problem+json" }).end(await next.text());
  };
  await using other = await startReceiver((arrival, response) => void pushBack(arrival, response));
  await api.putTopic("there-and-back");
  await api.subscribe("there-and-back", "s", { push: { url: other.url } });
  await api.publish("there-and-back", { body: "x" });
  await until(
    "the loop is refused",
    () => api.counts("there-and-back", "s"),
    ({ deadLetters }) => deadLetters === 1,
  );
  expect(other.arrivals.map(({ headers }) => headers["ringback-hops"])).toEqual(["1", "3", "5"]);
});

it("a hook that calls itself twice ends after a bounded number of calls", async () => {
  const { api, url } = server();
  await using stream = await listen(url, "?type=loop.detected,hook.called");
  const self = `${url}/v1/hooks/narcissus/call`;
  await api.ok("PUT", "/v1/hooks/narcissus", {
    json: { urls: [self, self], protocol: "json", onError: "continue", timeoutMs: 60_000 },
  });
  await callHook(api, "narcissus", { a: 1 });
  const ofType = (type: string) => stream.events.filter((event) => event["type"] === type);
  await untilTrue("every event has arrived", () => ofType("hook.called").length === accepted);
  expect(ofType("loop.detected")).toHaveLength(refused);
  expect(ofType("loop.detected")[0]).toMatchObject({ hook: "narcissus" });
});

it("another program's 508 is retried, and does not look like a loop", async () => {
  const { api } = server();
  await using receiver = await startReceiver((_arrival, response) => {
    response.writeHead(508, { "content-type": "text/plain" }).end("Resource Limit Is Reached");
  });
  await api.putTopic("busy");
  await api.subscribe("busy", "s", { push: { url: receiver.url }, retry: { delaysMs: [1] } });
  await api.publish("busy", { body: "x" });
  const { items } = await until(
    "it is given up",
    () => api.deadLetters("busy", "s"),
    (page) => page.items.length === 1,
  );
  expect(items[0]).toMatchObject({ reason: "retries_exhausted", attempts: 2, lastErrorCode: "http_status" });
});

it("a dead letter of a loop is refused again when it is redriven while the loop is there, and delivered afterwards", async () => {
  const { api, url } = server();
  await using receiver = await startReceiver();
  const push = { url: `${url}/v1/topics/mended/messages` };
  await api.putTopic("mended");
  await api.subscribe("mended", "s", { push });
  await api.publish("mended", { body: "x" });
  const letters = (attempts: number) =>
    until(
      `it is dead after ${attempts} attempts`,
      () => api.deadLetters("mended", "s"),
      ({ items }) => items[0]?.attempts === attempts,
    );
  await letters(1);
  await api.ok("POST", `${subscriptionPath("mended", "s")}/dead-letters/redrive`, { json: { all: true } });
  await letters(2);
  await api.subscribe("mended", "s", { push: { url: receiver.url } });
  await api.ok("POST", `${subscriptionPath("mended", "s")}/dead-letters/redrive`, { json: { all: true } });
  await untilTrue("it is delivered", () => receiver.arrivals.length === 1);
  expect(receiver.arrivals[0]?.headers["ringback-hops"]).toBe(String(limits.hopsMax));
});
