import { describe, expect, it } from "vitest";
import type { SubscriptionId, TopicId } from "../../domain/model.ts";
import type { NodeEvent } from "./change-bus.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { WakeUps } from "./wake-ups.ts";

// Faked: the database and the time. The database only records the notifications. The time passes when a test says so.
function start(isAlone = false) {
  const sent: NodeEvent[] = [];
  let due: { task: () => void; atMs: number }[] = [];
  let nowMs = 1_000;
  const wakeUps = new WakeUps({
    pool: {
      query: (_sql, values = []) => {
        sent.push((JSON.parse(String(values[1])) as [number, NodeEvent])[1]);
        return Promise.resolve([]);
      },
    },
    timers: {
      after: (delayMs, task) => {
        due.push({ task, atMs: nowMs + delayMs });
        return () => {};
      },
      soon: setImmediate,
    },
    nowMs: () => nowMs,
    nodeId: 1,
    isAlone: () => isAlone,
  });
  const wait = (forMs: number = postgresLimits.wakeMs): void => {
    const untilMs = nowMs + forMs;
    for (;;) {
      const next = due.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      due = due.filter((each) => each !== next);
      nowMs = next.atMs;
      next.task();
    }
    nowMs = untilMs;
  };
  /** A claim of this node that is answered at once. */
  const claim = (id: SubscriptionId, emptied = true): void => {
    wakeUps.claiming(id, nowMs);
    wakeUps.claimed(id, nowMs, emptied);
  };
  return { wakeUps, sent, wait, claim, now: () => nowMs };
}

const topic = (id: number): TopicId => id as TopicId;
const subscription = (id: number): SubscriptionId => id as SubscriptionId;

describe("waking other nodes", () => {
  it("sends all work of one interval in one notification", () => {
    const { wakeUps, sent, wait } = start();
    for (let times = 0; times < 1_000; times++) wakeUps.published(topic(times % 3), [subscription(times % 3)]);
    wakeUps.ready(subscription(9));
    expect(sent).toEqual([]);
    wait();
    expect(sent).toEqual([{ kind: "wake", topicIds: [0, 1, 2], subscriptionIds: [9] }]);
    wait();
    expect(sent).toHaveLength(1);
  });

  it("sends nothing about a topic when this node has claimed all messages of each of its subscriptions", () => {
    const { wakeUps, sent, wait, claim } = start();
    wakeUps.published(topic(1), [subscription(1), subscription(2)]);
    claim(subscription(1));
    claim(subscription(2));
    wait();
    expect(sent).toEqual([]);
  });

  it("sends nothing while this node claims all work in time, although there is always newer work", () => {
    const { wakeUps, sent, wait, claim, now } = start();
    for (let turn = 0; turn < 100; turn++) {
      wakeUps.published(topic(1), [subscription(1)]);
      const requestedAtMs = now();
      wait(5);
      wakeUps.published(topic(1), [subscription(1)]);
      wakeUps.claimed(subscription(1), requestedAtMs, true);
    }
    expect(sent).toEqual([]);
    wait();
    expect(sent).toHaveLength(1);
    claim(subscription(1));
    wait();
    expect(sent).toHaveLength(1);
  });

  it("sends work that claims of this node leave, when the oldest of it has waited for the interval", () => {
    const { wakeUps, sent, wait, claim } = start();
    wakeUps.published(topic(1), [subscription(1)]);
    wait(postgresLimits.wakeMs - 1);
    wakeUps.published(topic(1), [subscription(1)]);
    claim(subscription(1), false);
    expect(sent).toEqual([]);
    wait(1);
    expect(sent).toMatchObject([{ topicIds: [1] }]);
  });

  it("does not send work that a claim under way may take, unless the claim takes long", () => {
    const { wakeUps, sent, wait, now } = start();
    wakeUps.published(topic(1), [subscription(1)]);
    wakeUps.claiming(subscription(1), now());
    wait(postgresLimits.wakeClaimMsMax);
    expect(sent).toEqual([]);
    wait();
    expect(sent).toMatchObject([{ topicIds: [1] }]);
  });

  it("sends at once the work that a claim has not taken, if the claim took longer than the interval", () => {
    const { wakeUps, sent, wait, now } = start();
    wakeUps.published(topic(1), [subscription(1)]);
    const requestedAtMs = now();
    wakeUps.claiming(subscription(1), requestedAtMs);
    wait(2 * postgresLimits.wakeMs);
    wakeUps.claimed(subscription(1), requestedAtMs, false);
    wait();
    expect(sent).toMatchObject([{ topicIds: [1] }]);
  });

  it("sends a topic when one of its subscriptions has work, or was emptied by a claim older than the publish", () => {
    const { wakeUps, sent, wait, claim, now } = start();
    wakeUps.published(topic(1), [subscription(1), subscription(2)]);
    claim(subscription(1));
    wakeUps.claimed(subscription(2), now() - 1, true);
    wait();
    expect(sent).toMatchObject([{ topicIds: [1] }]);
  });

  it("always sends a topic with many subscriptions, and sends topics that do not fit in the next notification", () => {
    const { wakeUps, sent, wait, claim } = start();
    const many = Array.from({ length: 100 }, (_, id) => subscription(id));
    wakeUps.published(topic(1), many);
    for (const id of many) claim(id);
    wait();
    expect(sent).toHaveLength(1);
    for (let id = 0; id < 500; id++) wakeUps.published(topic(id), [subscription(id)]);
    wait();
    wait();
    expect(sent.slice(1).map((event) => event.kind === "wake" && event.topicIds.length)).toEqual([400, 100]);
  });

  it("sends nothing when no other node is alive", () => {
    const { wakeUps, sent, wait } = start(true);
    wakeUps.published(topic(1), [subscription(1)]);
    wakeUps.ready(subscription(1));
    wait();
    expect(sent).toEqual([]);
  });

  it("sends the remaining work when the node ends", async () => {
    const { wakeUps, sent } = start();
    wakeUps.ready(subscription(1));
    await wakeUps.close();
    expect(sent).toHaveLength(1);
  });
});
