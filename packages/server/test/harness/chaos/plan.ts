import type { Chance } from "../random.ts";

/** The topics and subscriptions of a run, and the messages that each subscription must get. */

export interface PlannedMessage {
  readonly body: string;
  readonly tags?: readonly string[];
  readonly type?: string;
  readonly orderingKey?: string;
}

export interface PlannedSubscription {
  readonly topic: TopicName;
  readonly name: string;
  readonly settings: object;
  /** Further settings of the endpoint. */
  readonly push?: object;
  /** Settings of a pulled subscription, which has no endpoint. */
  readonly pull?: object;
  readonly gets: (message: PlannedMessage) => boolean;
  /** Time between a request and the endpoint's answer. */
  readonly delayMs: number;
  /** Share of the requests that the endpoint fails, from 0 to 1. */
  readonly failing: number;
  /** Share of the requests that the endpoint never answers. */
  readonly hanging?: number;
  /** Share of the requests that the endpoint answers with success after `lateMs`, when the server has given up. */
  readonly late?: number;
}

export const lateMs = 2_500;

export type TopicName = (typeof topicNames)[number];
export const topicNames = ["tagged", "ordered", "routed"] as const;
export const topicSettings: Readonly<Record<TopicName, object>> = {
  tagged: {},
  ordered: {},
  routed: {},
};

export const everything = (): boolean => true;
/**
 * A retry policy with delays that are short enough for a test. It allows so many retries that the server never gives
 * up.
 */
export const patient = { baseMs: 40, factor: 1.5, delayMsMax: 400, retriesMax: 1000, jitter: "full" };
export const plain = { settings: {}, gets: everything, delayMs: 0, failing: 0 };

export const subscriptions: readonly PlannedSubscription[] = [
  { ...plain, topic: "tagged", name: "quick" },
  { ...plain, topic: "tagged", name: "slow", settings: { maxInFlight: 12 }, delayMs: 30 },
  { ...plain, topic: "tagged", name: "failing", settings: { retry: patient }, failing: 0.3 },
  {
    ...plain,
    topic: "tagged",
    name: "chosen",
    settings: { filter: { tags: ["a", "b"] } },
    gets: ({ tags = [] }) => tags.includes("a") || tags.includes("b"),
  },
  { ...plain, topic: "ordered", name: "strict", settings: { order: "strict", retry: patient }, failing: 0.02 },
  { ...plain, topic: "ordered", name: "keyed", settings: { order: "key", retry: patient }, delayMs: 3, failing: 0.1 },
  {
    ...plain,
    topic: "routed",
    name: "matching",
    settings: { filter: { types: ["order.#"] } },
    gets: ({ type = "" }) => /^order(?:\.|$)/.test(type),
  },
];

/** Returns a message. `number` makes its body unique, so that each arrival can be matched with its publish. */
export function planMessage(topic: TopicName, number: string, chance: Chance): PlannedMessage {
  const body = `${number} ${"x".repeat(chance.next() < 0.05 ? 20_000 : chance.whole(0, 200))}`;
  if (topic === "routed") return { body, type: chance.pick(["order", "order.new", "order.new.eu", "user.new"]) };
  if (topic === "ordered") return { body, orderingKey: chance.pick(["k1", "k2", "k3", "k4"]) };
  return { body, tags: chance.pick([[], ["a"], ["b", "c"], ["c"]]) };
}
