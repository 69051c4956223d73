import { expect, test, vi } from "vitest";
import type { LiveEvent } from "./live-events.ts";
import { Simulation } from "./testing/simulation.ts";

const MINUTE_MS = 60_000;
const texts = (count: number): string[] => Array.from({ length: count }, () => "x");

async function started() {
  const simulation = await Simulation.started();
  const events: LiveEvent[] = [];
  simulation.events.subscribe((event) => {
    if (event.type === "backlog.growing") events.push(event);
  });
  return { simulation, events };
}

test("a backlog is reported once per limit, and again after it has fallen below half of it", async () => {
  const { simulation, events } = await started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one", {
    script: "hang",
    maxInFlight: 1,
    backlog: { messagesMax: 100, ageMsMax: null },
  });
  await simulation.publish(topic, ...texts(90));
  await simulation.time.advance(2 * MINUTE_MS);
  expect(events).toEqual([]);
  await simulation.publish(topic, ...texts(90));
  await simulation.time.advance(5 * MINUTE_MS);
  expect(events).toMatchObject([{ subscription: "one", limit: "messages" }]);
  simulation.script("http://one.test", { status: 200, afterMs: 1 });
  await simulation.time.advance(10 * MINUTE_MS);
  simulation.script("http://one.test", "hang");
  await simulation.publish(topic, ...texts(150));
  await simulation.time.advance(2 * MINUTE_MS);
  expect(events).toHaveLength(2);
  expect(simulation.failures).toEqual([]);
});

test("a backlog whose oldest message will expire soon is reported without any setting", async () => {
  const { simulation, events } = await started();
  const topic = await simulation.topic("orders", { retentionMs: 60 * MINUTE_MS });
  await simulation.subscribe(topic, "one", { script: { status: 500, afterMs: 1 } });
  const { publishedAtMs } = await simulation.publish(topic, ...texts(3));
  await simulation.time.advance(44 * MINUTE_MS);
  expect(events).toEqual([]);
  // The next attempt is due within 512 seconds. Only then the subscription has work.
  await simulation.publish(topic, "later");
  await simulation.time.advance(10 * MINUTE_MS);
  expect(events).toMatchObject([
    { limit: "retention", oldestAt: publishedAtMs, expiresAt: publishedAtMs + 60 * MINUTE_MS },
  ]);
});

test("an idle server checks nothing", async () => {
  const { simulation } = await started();
  const topic = await simulation.topic();
  for (let index = 0; index < 50; index++) await simulation.subscribe(topic, `s${index}`);
  const { records, cluster } = simulation.store;
  const spies = [
    vi.spyOn(records, "countsOfSubscriptions"),
    vi.spyOn(records, "conditionsOf"),
    vi.spyOn(cluster, "nodes"),
  ];
  await simulation.time.advance(60 * MINUTE_MS);
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
});
