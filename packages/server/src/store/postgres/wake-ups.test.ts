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
  it("tells all that came up within the time in one call", () => {
    const { wakeUps, sent, wait } = start();
    for (let times = 0; times < 1_000; times++) wakeUps.published(topic(times % 3), [subscription(times % 3)]);
    wakeUps.ready(subscription(9));
    expect(sent).toEqual([]);
    wait();
    expect(sent).toEqual([{ kind: "wake", topicIds: [0, 1, 2], subscriptionIds: [9] }]);
    wait();
    expect(sent).toHaveLength(1);
  });

  it("says nothing of a topic once this node has emptied each of its subscriptions", () => {
    const { wakeUps, sent, wait, claim } = start();
    wakeUps.published(topic(1), [subscription(1), subscription(2)]);
    claim(subscription(1));
    claim(subscription(2));
    wait();
    expect(sent).toEqual([]);
  });

  it("says nothing while this node takes all that comes, though something younger is always there", () => {
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

  it("tells what claims of this node leave, and when the first of it has waited for the time", () => {
    const { wakeUps, sent, wait, claim } = start();
    wakeUps.published(topic(1), [subscription(1)]);
    wait(postgresLimits.wakeMs - 1);
    wakeUps.published(topic(1), [subscription(1)]);
    claim(subscription(1), false);
    expect(sent).toEqual([]);
    wait(1);
    expect(sent).toMatchObject([{ topicIds: [1] }]);
  });

  it("does not tell of what a claim under way may bring, unless that takes long", () => {
    const { wakeUps, sent, wait, now } = start();
    wakeUps.published(topic(1), [subscription(1)]);
    wakeUps.claiming(subscription(1), now());
    wait(postgresLimits.wakeClaimMsMax);
    expect(sent).toEqual([]);
    wait();
    expect(sent).toMatchObject([{ topicIds: [1] }]);
  });

  it("tells at once of what a claim that took longer than the time has not brought", () => {
    const { wakeUps, sent, wait, now } = start();
    wakeUps.published(topic(1), [subscription(1)]);
    const requestedAtMs = now();
    wakeUps.claiming(subscription(1), requestedAtMs);
    wait(2 * postgresLimits.wakeMs);
    wakeUps.claimed(subscription(1), requestedAtMs, false);
    wait();
    expect(sent).toMatchObject([{ topicIds: [1] }]);
  });

  it("tells when one of them is left, or was emptied by a claim that is older than what was published", () => {
    const { wakeUps, sent, wait, claim, now } = start();
    wakeUps.published(topic(1), [subscription(1), subscription(2)]);
    claim(subscription(1));
    wakeUps.claimed(subscription(2), now() - 1, true);
    wait();
    expect(sent).toMatchObject([{ topicIds: [1] }]);
  });

  it("tells of a topic with many subscriptions in any case, and of more topics than one call holds in the next", () => {
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

  it("says nothing when nobody would hear it", () => {
    const { wakeUps, sent, wait } = start(true);
    wakeUps.published(topic(1), [subscription(1)]);
    wakeUps.ready(subscription(1));
    wait();
    expect(sent).toEqual([]);
  });

  it("tells what is left when the node ends", async () => {
    const { wakeUps, sent } = start();
    wakeUps.ready(subscription(1));
    await wakeUps.close();
    expect(sent).toHaveLength(1);
  });
});
