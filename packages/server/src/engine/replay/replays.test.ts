/** Real: the engine and the memory driver, in virtual time. Faked: endpoints. */

import { describe, expect, test } from "vitest";
import { limits } from "../../domain/limits.ts";
import { parseMessageId } from "../../domain/message-id.ts";
import type { Subscription, Topic } from "../../domain/model.ts";
import type { Replay } from "../../store/replays.ts";
import { engineLimits } from "../engine-limits.ts";
import type { LiveEvent } from "../live-events.ts";
import { Simulation, type Subscribing } from "../testing/simulation.ts";

interface Scene {
  readonly simulation: Simulation;
  readonly topic: Topic;
  readonly subscription: Subscription;
}

/** A subscription that has delivered `count` messages. */
async function delivered(count: number, fields: Subscribing = {}): Promise<Scene> {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const subscription = await simulation.subscribe(topic, "one", fields);
  for (let from = 0; from < count; from += 1_000) {
    const texts = Array.from({ length: Math.min(1_000, count - from) }, (_, index) => `old ${from + index}`);
    await simulation.publish(topic, ...texts);
  }
  await simulation.time.until(
    () => simulation.posts.filter(({ endedAtMs }) => endedAtMs !== null).length >= count,
    600_000,
  );
  await simulation.time.advance(1_000);
  simulation.posts.length = 0;
  return { simulation, topic, subscription };
}

function start({ simulation, topic, subscription }: Scene, toSeq: number, perSecond: number | null): Promise<Replay> {
  const source = { kind: "messages", fromSeq: 1, toSeq, types: [], only: "all" } as const;
  const requested = { source, subscription, target: subscription, order: "separate" as const };
  expect(topic.id).toBe(subscription.topicId);
  return simulation.finished(simulation.engine.replays.create(requested, perSecond));
}

const found = async ({ simulation }: Scene, { accountId, id }: Replay): Promise<Replay> =>
  (await simulation.store.replays.get(accountId, id)) as Replay;

async function untilEnded(scene: Scene, replay: Replay, withinMs = 3_600_000): Promise<Replay> {
  const { time } = scene.simulation;
  const endMs = time.now() + withinMs;
  for (;;) {
    const now = await found(scene, replay);
    if (now.endedAtMs !== null || time.now() > endMs) return now;
    await time.advance(100);
  }
}

describe("a replay", () => {
  test("sends every message once more, at its rate, and reports its start and its end", async () => {
    const scene = await delivered(300);
    const { simulation } = scene;
    const events: LiveEvent[] = [];
    simulation.events.subscribe((event) => events.push(event));
    const startedAtMs = simulation.nowMs;
    const replay = await start(scene, 300, 50);
    const done = await untilEnded(scene, replay);
    expect(done).toMatchObject({ state: "done", matched: 300, sent: 300, waiting: 0 });
    expect(simulation.posts).toHaveLength(300);
    expect(new Set(simulation.posts.map(({ headers }) => headers["ringback-message-id"])).size).toBe(300);
    const tookMs = (simulation.posts.at(-1)?.startedAtMs ?? 0) - startedAtMs;
    expect(tookMs).toBeGreaterThanOrEqual(5_800);
    expect(tookMs).toBeLessThanOrEqual(6_500);
    // In no second are there more than the rate allows.
    for (const { startedAtMs: from } of simulation.posts) {
      const within = simulation.posts.filter((post) => post.startedAtMs >= from && post.startedAtMs < from + 1_000);
      expect(within.length).toBeLessThanOrEqual(55);
    }
    expect(events.filter(({ type }) => type.startsWith("replay."))).toMatchObject([
      { type: "replay.started", matched: 300, replayId: String(replay.id) },
      { type: "replay.ended", state: "done", sent: 300 },
    ]);
    expect(simulation.failures).toEqual([]);
  });

  test("stops within a second when it is cancelled, also copies that wait for a retry", async () => {
    const script = { status: 500, afterMs: 20 };
    const scene = await delivered(1_000, { retry: { delaysMs: [3_600_000, 3_600_000] } });
    const { simulation, subscription } = scene;
    simulation.script("http://one.test", script);
    const replay = await start(scene, 1_000, null);
    await simulation.time.until(() => simulation.posts.length > 100, 10_000);
    await simulation.finished(simulation.engine.replays.cancel(replay));
    const { length } = simulation.posts;
    await simulation.time.advance(1_000);
    expect(simulation.posts).toHaveLength(length);
    const cancelled = await found(scene, replay);
    expect(cancelled).toMatchObject({ state: "cancelled", waiting: 0 });
    expect(await simulation.counts(subscription)).toMatchObject({ parked: 0, inFlight: 0, backlog: 0 });
    await simulation.time.advance(8 * 3_600_000);
    expect(simulation.posts).toHaveLength(length);
  });

  test("goes on after the end of the process, and sends again only what was in flight", async () => {
    const scene = await delivered(400);
    const { simulation } = scene;
    const replay = await start(scene, 400, 200);
    await simulation.time.until(() => simulation.posts.length > 150, 10_000);
    const inFlight = simulation.posts.filter(({ endedAtMs }) => endedAtMs === null).length;
    simulation.kill();
    await simulation.time.advance(1_000);
    await simulation.start();
    expect(await untilEnded(scene, replay)).toMatchObject({ state: "done", sent: 400 });
    const copies = new Map<unknown, number>();
    for (const { headers } of simulation.posts) {
      const id = headers["ringback-message-id"];
      copies.set(id, (copies.get(id) ?? 0) + 1);
    }
    expect(copies.size).toBe(400);
    // Outcomes that were not written yet count as in flight.
    const again = simulation.posts.length - 400;
    expect(again).toBeLessThanOrEqual(inFlight + 100);
    expect(simulation.failures).toEqual([]);
  });

  test("waits while its subscription is paused", async () => {
    const scene = await delivered(1_000);
    const { simulation, subscription, topic } = scene;
    await simulation.store.catalog.setSubscriptionState(topic.id, "one", "paused");
    const replay = await start(scene, 1_000, null);
    await simulation.time.advance(60_000);
    expect(await found(scene, replay)).toMatchObject({ state: "running", waiting: limits.replayWaitingMax, sent: 0 });
    expect(simulation.posts).toEqual([]);
    await simulation.store.catalog.setSubscriptionState(topic.id, "one", "active");
    expect(await untilEnded(scene, replay)).toMatchObject({ state: "done", sent: 1_000 });
    expect(await simulation.counts(subscription)).toMatchObject({ parked: 0 });
  });

  test("takes less than a fifth of the deliveries of live traffic to a busy endpoint", async () => {
    const scene = await delivered(2_000, { script: { status: 204, afterMs: 100 }, maxInFlight: 16 });
    const { simulation, topic } = scene;
    await start(scene, 2_000, null);
    await simulation.publish(topic, ...Array.from({ length: 1_000 }, (_, index) => `new ${index}`));
    await simulation.publish(topic, ...Array.from({ length: 1_000 }, (_, index) => `new ${index}`));
    await simulation.time.advance(10_000);
    const live = simulation.posts.filter(({ body }) => Buffer.from(body).toString().includes("new")).length;
    expect(simulation.posts.length).toBeGreaterThan(1_000);
    expect(live / simulation.posts.length).toBeGreaterThan(0.8);
    expect(live).toBeLessThan(simulation.posts.length);
  });

  test("keeps the order of live deliveries when it is cancelled", async () => {
    const scene = await delivered(20, { order: "key", maxInFlight: 4, script: { status: 204, afterMs: 100 } });
    const { simulation, topic } = scene;
    simulation.store.latencyMsMax = 30;
    const messages = Array.from({ length: 60 }, (_, index) => ({ orderingKey: `key ${index % 3}` }));
    const { firstSeq } = await simulation.publish(topic, ...messages);
    for (let times = 0; times < 20; times++) {
      const replay = await start(scene, 20, null);
      await simulation.time.advance(70);
      await simulation.finished(simulation.engine.replays.cancel(replay));
    }
    await simulation.time.advance(60_000);
    const seqs = simulation.posts.map(({ headers }) => parseMessageId(headers["ringback-message-id"] ?? "")?.seq ?? 0);
    for (const key of [0, 1, 2]) {
      const live = seqs.filter((seq) => seq >= firstSeq && (seq - firstSeq) % 3 === key);
      expect(live).toEqual(Array.from({ length: 20 }, (_, index) => firstSeq + index * 3 + key));
    }
  });

  test("of another process is taken over when its lease has ended", async () => {
    const scene = await delivered(10);
    const { simulation } = scene;
    await simulation.stop(1_000);
    const replay = await start(scene, 10, 100);
    expect(replay.state).toBe("running");
    await simulation.start();
    await simulation.time.advance(engineLimits.replayFindMs + 1_000);
    expect(await found(scene, replay)).toMatchObject({ state: "done", sent: 10 });
    await simulation.stop(1_000);
    expect(simulation.timersWaiting).toBe(0);
  });
});
