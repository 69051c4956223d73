import { describe, expect, it } from "vitest";
import type { SubscriptionId, TopicId } from "../../domain/model.ts";
import type { News } from "./change-bus.ts";
import { WakeUps } from "./wake-ups.ts";

// Faked: the database, which only keeps what it is told, and the timers, which fire when the test says so.
function start(isAlone = false) {
  const told: News[] = [];
  let due: (() => void)[] = [];
  const wakeUps = new WakeUps({
    lane: {
      query: (_sql, values = []) => {
        told.push((JSON.parse(String(values[1])) as [number, News])[1]);
        return Promise.resolve([]);
      },
    },
    timers: {
      after: (_, task) => {
        due.push(task);
        return () => {};
      },
      soon: setImmediate,
    },
    nodeId: 1,
    isAlone: () => isAlone,
  });
  const wait = (): void => {
    const tasks = due;
    due = [];
    for (const task of tasks) task();
  };
  return { wakeUps, told, wait };
}

const topic = (id: number): TopicId => id as TopicId;
const subscription = (id: number): SubscriptionId => id as SubscriptionId;
const ever = Number.MAX_SAFE_INTEGER;

describe("waking other nodes", () => {
  it("tells all that came up within the time in one call", () => {
    const { wakeUps, told, wait } = start();
    for (let times = 0; times < 1_000; times++) wakeUps.published(topic(times % 3), [subscription(times % 3)]);
    wakeUps.ready(subscription(9));
    expect(told).toEqual([]);
    wait();
    expect(told).toEqual([{ kind: "wake", topicIds: [0, 1, 2], subscriptionIds: [9] }]);
    wait();
    expect(told).toHaveLength(1);
  });

  it("says nothing of a topic once this node has emptied each of its subscriptions", () => {
    const { wakeUps, told, wait } = start();
    wakeUps.published(topic(1), [subscription(1), subscription(2)]);
    wakeUps.emptied(subscription(1), ever);
    wakeUps.emptied(subscription(2), ever);
    wait();
    expect(told).toEqual([]);
  });

  it("tells when one of them is left, or was emptied by a claim that is older than what was published", () => {
    const { wakeUps, told, wait } = start();
    wakeUps.published(topic(1), [subscription(1), subscription(2)]);
    wakeUps.emptied(subscription(1), ever);
    wakeUps.emptied(subscription(2), 0);
    wait();
    expect(told).toMatchObject([{ topicIds: [1] }]);
  });

  it("tells of a topic with many subscriptions in any case, and of more topics than one call holds in the next", () => {
    const { wakeUps, told, wait } = start();
    const many = Array.from({ length: 100 }, (_, id) => subscription(id));
    wakeUps.published(topic(1), many);
    for (const id of many) wakeUps.emptied(id, ever);
    wait();
    expect(told).toHaveLength(1);
    for (let id = 0; id < 500; id++) wakeUps.published(topic(id), [subscription(id)]);
    wait();
    wait();
    expect(told.slice(1).map((news) => news.kind === "wake" && news.topicIds.length)).toEqual([400, 100]);
  });

  it("says nothing when nobody would hear it", () => {
    const { wakeUps, told, wait } = start(true);
    wakeUps.published(topic(1), [subscription(1)]);
    wakeUps.ready(subscription(1));
    wait();
    expect(told).toEqual([]);
  });

  it("tells what is left when the node ends", async () => {
    const { wakeUps, told } = start();
    wakeUps.ready(subscription(1));
    await wakeUps.close();
    expect(told).toHaveLength(1);
  });
});
