import * as fc from "fast-check";
import { expect } from "vitest";
import { matchesPattern } from "../../domain/access-rules.ts";
import { eventsTopicName } from "../../domain/internal-names.ts";
import type { AccountId, Subscription, SubscriptionHealth } from "../../domain/model.ts";
import { hasLabel } from "../label.ts";
import type { SubscriptionFilter } from "../record-filters.ts";
import { message, settings, topicSettings } from "./fixtures.ts";
import type { StoreUnderTest } from "./harness.ts";
import type { Part } from "./part.ts";
import { pagesOf } from "./search.contract.ts";

const runs = Number(process.env["PROPERTY_RUNS"] ?? 8);
let accounts = 0;

const anySubscription = fc.record({
  topic: fc.constantFrom("a", "b.c", "b-c", "B"),
  name: fc.constantFrom("one", "one.more", "two_", "ONE", "x-"),
  labels: fc.constantFrom({}, { customer: "acme" }, { customer: "other", acme: "customer" }),
  state: fc.constantFrom("active" as const, "active" as const, "paused" as const, "disabled" as const),
  health: fc.constantFrom(null, "failing" as const, "open" as const),
  published: fc.integer({ min: 0, max: 2 }),
});
const anyFilter = fc.record(
  {
    topics: fc.constantFrom(["a"], ["b*"], ["*"], [], ["a", "B"]),
    topic: fc.constantFrom("b*", "b.c", "*", "none"),
    name: fc.constantFrom("one*", "*o*", "one", "two_"),
    state: fc.constantFrom("active" as const, "paused" as const, "disabled" as const),
    health: fc.constantFrom("healthy" as const, "unhealthy" as const, "failing" as const, "open" as const),
    label: fc.constant({ name: "customer", value: "acme" }),
    lag: fc.record({ messages: fc.integer({ min: 0, max: 3 }), ageMs: fc.integer({ min: 0, max: 20 }) }),
  },
  { requiredKeys: [] },
);

type AnySubscription = typeof anySubscription extends fc.Arbitrary<infer T> ? T : never;
type AnyFilter = typeof anyFilter extends fc.Arbitrary<infer T> ? T : never;

export function subscriptionSearchContract({ promise, shared }: Part): void {
  promise("finds the subscriptions of all topics that a naive filter finds, in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anySubscription, { minLength: 1, maxLength: 12 }),
        fc.array(anyFilter, { minLength: 3, maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        (...given) => expectFound(shared(), ...given),
      ),
      { numRuns: runs },
    );
  });

  promise("finds the subscriptions of the topic of events, healthy or not", async () => {
    const { catalog } = shared().store;
    const accountId = await catalog.ensureAccount(`searched-${++accounts}`);
    for (const topicName of ["a", eventsTopicName, "z"]) {
      const { topic } = await catalog.putTopic(accountId, topicName, topicSettings());
      for (const name of ["failing", "healthy"]) {
        const { subscription } = await catalog.putSubscription(topic.id, name, settings(), "now");
        const change = { before: null, after: healthIn("failing", 1), waited: null };
        if (name === "failing") await catalog.setSubscriptionHealth(subscription.id, change);
      }
    }
    const namesOf = async (limit: number, filter: SubscriptionFilter) => {
      const found = await pagesOf(limit, (page) => catalog.searchSubscriptions(accountId, page, filter));
      return found.map(({ topic, name }) => `${topic} ${name}`);
    };
    const topics = ["a", eventsTopicName, "z"];
    for (const limit of [1, 2, 3, 10]) {
      expect(await namesOf(limit, {})).toEqual(topics.flatMap((topic) => [`${topic} failing`, `${topic} healthy`]));
      expect(await namesOf(limit, { health: "failing" })).toEqual(topics.map((topic) => `${topic} failing`));
      expect(await namesOf(limit, { topic: eventsTopicName, health: "healthy" })).toEqual([
        `${eventsTopicName} healthy`,
      ]);
    }
  });

  promise("reads the counts of several subscriptions as those of each", async () => {
    const under = shared();
    const { catalog, records, log } = under.store;
    const accountId = await catalog.ensureAccount(`counted-${++accounts}`);
    const { topic } = await catalog.putTopic(accountId, "orders", topicSettings());
    const { topic: other } = await catalog.putTopic(accountId, "others", topicSettings());
    const ids = [];
    for (const [at, { id: topicId }] of [topic, other, topic].entries()) {
      const { subscription } = await catalog.putSubscription(topicId, `reader${at}`, settings(), "now");
      ids.push(subscription.id);
      await log.append({ topicId, messages: [message("m"), message("n")], idempotency: null });
    }
    await log.claim(
      [{ subscriptionId: ids[0] as (typeof ids)[0], deliveriesMax: 1, bytesMax: 1_000, fromLog: true }],
      60_000,
    );
    const counts = await records.countsOfSubscriptions(ids);
    for (const id of ids) expect(counts.get(id)).toEqual(await records.subscriptionCounts(id));
    await catalog.deleteSubscription(topic.id, "reader0");
    expect(new Set((await records.countsOfSubscriptions(ids)).keys())).toEqual(new Set(ids.slice(1)));
    expect((await records.countsOfSubscriptions([])).size).toBe(0);
  });
}

async function expectFound(
  under: StoreUnderTest,
  given: readonly AnySubscription[],
  filters: readonly AnyFilter[],
  limit: number,
): Promise<void> {
  const { catalog } = under.store;
  const accountId = await catalog.ensureAccount(`searched-${++accounts}`);
  const unread = await create(under, accountId, given);
  const all: Subscription[] = [];
  for (const topic of await pagesOf(100, async (page) => ({
    ...(await catalog.listTopics(accountId, page)),
    examined: 0,
  }))) {
    all.push(...(await catalog.listSubscriptions(topic.id, { after: null, limit: 100 })).items);
  }
  for (const { lag, ...filter } of filters) {
    const before = lag === undefined ? 0 : under.clock.wall() - lag.ageMs;
    const lagging = lag === undefined ? {} : { lagging: { messages: lag.messages, publishedBeforeMs: before } };
    const wanted: SubscriptionFilter = { ...filter, ...lagging };
    const expected = all.filter((one) => {
      const times = unread(one);
      const lags = lag === undefined || times.length > lag.messages || (times[0] ?? Infinity) < before;
      return lags && isMatch(one, wanted);
    });
    expect(await pagesOf(limit, (page) => catalog.searchSubscriptions(accountId, page, wanted))).toEqual(expected);
  }
  for (const [at, { topic, name }] of given.entries()) {
    const found = await catalog.getTopic(accountId, topic);
    if (at % 2 === 0 && found !== null) await catalog.deleteSubscription(found.id, name);
  }
  const left = all.filter(
    ({ topic, name }) => !given.some((one, at) => at % 2 === 0 && one.topic === topic && one.name === name),
  );
  const failing = left.filter(({ health }) => health?.state === "failing");
  expect(await pagesOf(limit, (page) => catalog.searchSubscriptions(accountId, page))).toEqual(left);
  const ofHealth = { health: "failing" as const };
  expect(await pagesOf(limit, (page) => catalog.searchSubscriptions(accountId, page, ofHealth))).toEqual(failing);
}

/** Returns when the messages were published that no claim of the subscription has read. */
async function create(
  { store: { catalog, log }, clock }: StoreUnderTest,
  accountId: AccountId,
  given: readonly AnySubscription[],
): Promise<(subscription: Subscription) => readonly number[]> {
  const published = new Map<number, number[]>();
  const startedAfter = new Map<number, number>();
  for (const { topic: topicName, name, labels, state, health, published: count } of given) {
    const { topic } = await catalog.putTopic(accountId, topicName, topicSettings());
    const put = Object.assign(settings(), { labels });
    const { subscription, created } = await catalog.putSubscription(topic.id, name, put, "now");
    const times = published.get(topic.id) ?? [];
    published.set(topic.id, times);
    if (created) startedAfter.set(subscription.id, times.length);
    await catalog.setSubscriptionState(topic.id, name, state === "disabled" ? disablement(clock.wall()) : state);
    const now = await catalog.getSubscriptionById(subscription.id);
    if (health !== null && state === "active") {
      const change = { before: now?.health ?? null, after: healthIn(health, clock.wall()), waited: null };
      await catalog.setSubscriptionHealth(subscription.id, change);
    }
    for (let n = 0; n < count; n++) {
      await log.append({ topicId: topic.id, messages: [message("m")], idempotency: null });
      times.push(clock.wall());
      clock.advance(3);
    }
  }
  await catalog.putTopic(accountId, "inbox:a", topicSettings());
  return ({ id, topicId }) => (published.get(topicId) ?? []).slice(startedAfter.get(id) ?? 0);
}

function disablement(atMs: number) {
  return { atMs, reason: "gone", messageId: "1099511627777", attempt: 1 } as unknown as NonNullable<
    Subscription["disabled"]
  >;
}

function healthIn(state: SubscriptionHealth["state"], atMs: number): SubscriptionHealth {
  return {
    state,
    sinceMs: atMs,
    failingSinceMs: atMs,
    error: { status: 500, code: "http_status", detail: null },
    scope: "subscription",
    probeAtMs: null,
    probes: 0,
    openedAtMs: null,
    failures: 8,
    failedAtMs: atMs,
    failedMs: 0,
  };
}

function isMatch(one: Subscription, { topics, topic, name, state, health, label }: SubscriptionFilter): boolean {
  if (topics !== undefined && !topics.some((pattern) => matchesPattern(pattern, one.topic))) return false;
  if (topic !== undefined && !matchesPattern(topic, one.topic)) return false;
  if (name !== undefined && !matchesPattern(name, one.name)) return false;
  if (state !== undefined && one.state !== state) return false;
  if (health === "unhealthy" && one.health === null) return false;
  if (health !== undefined && health !== "unhealthy" && (one.health?.state ?? "healthy") !== health) return false;
  return label === undefined || hasLabel(one.settings, label);
}
