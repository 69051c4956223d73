/**
 * Real: the server, its clock, its log. Nothing is faked. The end of a topic's retention is tested in the store's
 * contract, because the shortest retention is a minute.
 */
import { describe, expect, it } from "vitest";
import type { ProblemView, PublishedView } from "./harness/api.ts";
import { startReceiver } from "./harness/receiver.ts";
import type { Receiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();

/** Publishes messages one after the other, so that no two of them are published in the same millisecond. */
async function publishApart(topic: string, count: number): Promise<PublishedView[]> {
  const published: PublishedView[] = [];
  while (published.length < count) {
    const last = published.at(-1);
    await untilTrue("the clock has moved on", () => last === undefined || Date.now() > Date.parse(last.publishedAt));
    published.push(await server().api.publish(topic, { body: `${published.length + 1}` }));
  }
  return published;
}

const bodies = (receiver: Receiver, path: string) => receiver.at(path).map(({ text }) => text);

describe("a new subscription", () => {
  it.each([
    ["in the future", () => Date.now() + 3_600_000, "must not lie in the future"],
    ["on a day that does not exist", () => "2026-02-30T00:00:00Z", "must be a time such as"],
  ])("cannot begin %s", async (_what, at, sentence) => {
    const { api } = server();
    await api.putTopic("no-time");
    const body = { push: { url: "http://127.0.0.1:1/" }, start: { at: at() } };
    const answer = await api.call("PUT", "/v1/topics/no-time/subscriptions/s", { json: body });
    const problem = answer.json as ProblemView;
    expect([answer.status, problem.code, problem.errors?.[0]?.field]).toEqual([400, "invalid_request", "start.at"]);
    expect(problem.detail).toContain(sentence);
  });

  it("begins at the requested start: now, the oldest message, a position in the log, or a time", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("log");
    const published = await publishApart("log", 6);
    const fourth = published[3]?.publishedAt ?? "";
    const wanted: Record<string, { start?: unknown; gets: string[] }> = {
      unsaid: { gets: ["7"] },
      now: { start: "now", gets: ["7"] },
      oldest: { start: "oldest", gets: ["1", "2", "3", "4", "5", "6", "7"] },
      position: { start: { seq: 5 }, gets: ["5", "6", "7"] },
      moment: { start: { at: fourth }, gets: ["4", "5", "6", "7"] },
      justAfter: { start: { at: Date.parse(fourth) + 1 }, gets: ["5", "6", "7"] },
      beginning: { start: { at: Date.UTC(2000, 0, 1) }, gets: ["1", "2", "3", "4", "5", "6", "7"] },
    };
    for (const [name, { start }] of Object.entries(wanted)) {
      const push = { url: `${receiver.url}/${name}` };
      await api.subscribe("log", name, { push, order: "strict", ...(start === undefined ? {} : { start }) });
    }
    await api.publish("log", { body: "7" });
    await untilTrue("the last has reached all of them", () =>
      Object.keys(wanted).every((name) => bodies(receiver, `/${name}`).includes("7")),
    );
    for (const [name, { gets }] of Object.entries(wanted)) {
      expect([name, bodies(receiver, `/${name}`)]).toEqual([name, gets]);
    }
  });

  it("begins at the position of the next message at the latest, and is refused with a later one", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("ahead");
    await publishApart("ahead", 2);
    const settings = { push: { url: receiver.url }, order: "strict" };
    for (const seq of [4, 1e15]) {
      const json = { ...settings, start: { seq } };
      const answer = await api.call("PUT", "/v1/topics/ahead/subscriptions/s", { json });
      const problem = answer.json as ProblemView;
      expect([answer.status, problem.code, problem.errors?.[0]?.field]).toEqual([400, "invalid_request", "start.seq"]);
      expect(problem.detail).toContain("must be at most 3");
    }
    await api.subscribe("ahead", "s", { ...settings, start: { seq: 3 } });
    await publishApart("ahead", 2);
    await untilTrue("the last has arrived", () => receiver.arrivals.length === 2);
    const rewind = await api.call("POST", "/v1/topics/ahead/subscriptions/s/rewind", { json: { to: { seq: 6 } } });
    expect([rewind.status, (rewind.json as ProblemView).errors?.[0]?.field]).toEqual([400, "to.seq"]);
  });

  it("that is put a second time keeps its position, whatever start is given", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("twice");
    const settings = { push: { url: receiver.url }, order: "strict" };
    await publishApart("twice", 2);
    await api.subscribe("twice", "s", settings);
    await api.publish("twice", { body: "3" });
    await untilTrue("it has begun", () => receiver.arrivals.length === 1);
    await api.subscribe("twice", "s", { ...settings, start: "oldest" });
    await api.publish("twice", { body: "4" });
    await untilTrue("it goes on", () => receiver.arrivals.length === 2);
    expect(receiver.arrivals.map(({ text }) => text)).toEqual(["3", "4"]);
  });
});

describe("delayMs", () => {
  it("delays a message, and later messages do not wait for it", async () => {
    const { api } = server();
    await using receiver = await startReceiver();
    await api.putTopic("delayed");
    await api.subscribe("delayed", "s", { push: { url: receiver.url } });
    const late = await api.publish("delayed", { body: "late", delayMs: 900 });
    await api.publish("delayed", { body: "later", delayMs: 1_400 });
    await api.publish("delayed", { body: "at once" });
    await until(
      "it waits",
      () => api.delivery(late.id, "s"),
      ({ state }) => state === "parked",
    );
    await untilTrue("all have arrived", () => receiver.arrivals.length === 3);
    expect(receiver.arrivals.map(({ text }) => text)).toEqual(["at once", "late", "later"]);
    const publishedAtMs = Date.parse(late.publishedAt);
    for (const [text, delayMs] of [
      ["late", 900],
      ["later", 1_400],
    ] as const) {
      const tookMs = (receiver.arrivals.find((arrival) => arrival.text === text)?.atMs ?? 0) - publishedAtMs;
      expect(tookMs).toBeGreaterThanOrEqual(delayMs);
    }
    expect(receiver.arrivals.map(({ headers }) => headers["ringback-attempt"])).toEqual(["1", "1", "1"]);
  });
});

it("a waiting delivery is never shown as skipped, however early it is read", async () => {
  const { api } = server();
  await api.putTopic("early");
  await api.subscribe("early", "s", { push: { url: "http://127.0.0.1:1/" } });
  const seen = new Set<string>();
  for (let count = 0; count < 30; count++) {
    const { id } = await api.publish("early", { body: "x", delayMs: 600_000 });
    for (let round = 0; round < 5; round++) seen.add((await api.message(id)).deliveries[0]?.state ?? "none");
  }
  expect([...seen].filter((state) => state !== "pending" && state !== "in_flight")).toEqual(["parked"]);
});
