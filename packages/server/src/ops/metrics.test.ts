import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { SubscriptionId } from "../domain/model.ts";
import { branded } from "../engine/testing/brand.ts";
import { plainTopic } from "../engine/testing/plain-settings.ts";
import { outcomeOf, subscriptionOf } from "../engine/testing/delivery-outcomes.ts";
import type { StoreStatistics } from "../store/records.ts";
import { Histogram, histogramMetric } from "./metric-cells.ts";
import { createMetrics } from "./metrics.ts";

const statistics: StoreStatistics = {
  topics: 1,
  subscriptions: 2,
  backlog: 3,
  parked: 4,
  deadLetters: 5,
  inFlight: 6,
  disabledSubscriptions: 7,
  failingSubscriptions: 8,
  openSubscriptions: 9,
  replays: 10,
  bytes: 7,
};

const node = { name: "a", version: "1.2.3", startedAtMs: 1, lastSeenAtMs: 2, isThis: false };
const topic = { ...subscriptionOf("orders", "x"), name: "orders", settings: plainTopic } as never;
const first = branded<SubscriptionId>(1);
const counts = { backlog: 5, parked: 3, inFlight: 2 };
const inFlight = { inFlight: 2, window: 0.5, pausedUntilMs: null, ratePerSecond: 20 };
const others = {
  subscriptions: {
    shownMax: 2,
    accountNameOf: (id: number) => `account-${id}`,
    senderState: (id: number) => (id === first ? inFlight : null),
    records: () => ({
      countsOfSubscriptions: async () => new Map([[first, { ...counts, deadLetters: 4, expired: 0 }]]),
      conditionsOf: async () => new Map([[first, { health: "open", oldestAtMs: 30_000 } as const]]),
      unhealthySubscriptions: async () => [],
    }),
    clock: { now: () => 0, wall: () => 40_500 },
  },
  machine: {
    version: "1.2.3",
    driver: "sqlite" as const,
    databaseBytesMax: 900,
    disk: async () => ({ freeBytes: 70, sizeBytes: 100 }),
  },
  background: {
    openBreakers: () => ({ subscription: 3, origin: 1 }),
    suppressedEvents: () => 11,
    spans: () => ({ exported: 12, lost: 13, waiting: 14 }),
  },
  openSockets: () => 8,
  nodes: async () => [1, 2, 3].map((id) => ({ ...node, id, isAlive: id !== 2 })),
  connections: () => [{ pool: "hot", max: 4, open: 3, idle: 2, waiting: 1, lost: 9 }],
};

function samples(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}

describe("the metrics", () => {
  it("count the reports of the engine and the store", async () => {
    const { observer, render } = createMetrics({ statistics: async () => statistics, ...others });
    observer.published(topic, 3);
    observer.published(topic, 1);
    observer.settled(outcomeOf({ durationMs: 3 }));
    const parked = { kind: "parked", dueAtMs: 9, retriesMade: 1 } as const;
    observer.settled(outcomeOf({ attempt: { verdict: "failed" }, durationMs: 7_000, settled: parked }));
    const dead = { kind: "dead", reason: "unencodable" } as const;
    observer.settled(outcomeOf({ attempt: { verdict: "error" }, durationMs: 100_000, settled: dead }));
    observer.expired(9);
    observer.commit(0.002, 16);
    observer.statement?.("claim");
    observer.statement?.("claim");
    observer.statement?.("settle");
    const seen = samples(await render());
    expect(Object.fromEntries(seen)).toMatchObject({
      ringback_publishes_total: 4,
      'ringback_attempts_total{outcome="accepted"}': 1,
      'ringback_attempts_total{outcome="failed"}': 1,
      'ringback_attempts_total{outcome="error"}': 1,
      'ringback_attempt_duration_seconds_bucket{le="0.0025"}': 0,
      'ringback_attempt_duration_seconds_bucket{le="0.005"}': 1,
      'ringback_attempt_duration_seconds_bucket{le="10"}': 2,
      'ringback_attempt_duration_seconds_bucket{le="+Inf"}': 3,
      ringback_attempt_duration_seconds_count: 3,
      ringback_attempt_duration_seconds_sum: 107.003,
      'ringback_delivery_latency_seconds_bucket{le="0.005"}': 1,
      'ringback_dead_letters_total{reason="unencodable"}': 1,
      'ringback_dead_letters_total{reason="expired"}': 0,
      ringback_expired_total: 9,
      'ringback_store_commit_seconds_bucket{le="0.0025"}': 1,
      ringback_store_commit_operations_sum: 16,
      'ringback_store_statements_total{statement="claim"}': 2,
      'ringback_store_statements_total{statement="settle"}': 1,
    });
  });

  it("read the store once per scrape, and concurrent scrapes share the result", async () => {
    const read = vi.fn<() => Promise<StoreStatistics>>(async () => statistics);
    const { render } = createMetrics({ statistics: read, ...others });
    const [first, second] = await Promise.all([render(), render()]);
    expect(second).toBe(first);
    expect(read).toHaveBeenCalledTimes(1);
    expect(Object.fromEntries(samples(first))).toMatchObject({
      ringback_cluster_topics: 1,
      ringback_cluster_subscriptions: 2,
      ringback_cluster_backlog: 3,
      ringback_cluster_parked: 4,
      ringback_cluster_dead_letters: 5,
      ringback_cluster_in_flight: 6,
      ringback_cluster_database_bytes: 7,
      ringback_open_sockets: 8,
      ringback_cluster_disabled_subscriptions: 7,
      'ringback_cluster_unhealthy_subscriptions{state="failing"}': 8,
      'ringback_cluster_unhealthy_subscriptions{state="open"}': 9,
      ringback_cluster_replays: 10,
      'ringback_open_breakers{scope="subscription"}': 3,
      'ringback_open_breakers{scope="origin"}': 1,
      ringback_events_suppressed_total: 11,
      ringback_spans_exported_total: 12,
      ringback_spans_lost_total: 13,
      ringback_spans_waiting: 14,
    });
    await render();
    expect(read).toHaveBeenCalledTimes(2);
  });

  it("that are equal on every node say so in their help and their name", async () => {
    const text = await createMetrics({ statistics: async () => statistics, ...others }).render();
    const helps = [...text.matchAll(/^# HELP (ringback_\S+) (.*)$/gm)].map(([, name = "", help = ""]) => ({
      name,
      help,
    }));
    const ofAll = helps.filter(({ help }) => help.includes("not the sum")).map(({ name }) => name);
    expect(ofAll).toEqual(helps.map(({ name }) => name).filter((name) => name.startsWith("ringback_cluster_")));
    expect(ofAll.length).toBeGreaterThan(5);
  });

  it("count the nodes that are alive and the connections of this process", async () => {
    const text = await createMetrics({ statistics: async () => statistics, ...others }).render();
    expect(Object.fromEntries(samples(text))).toMatchObject({
      ringback_cluster_nodes_alive: 2,
      'ringback_database_connections_max{pool="hot"}': 4,
      'ringback_database_connections{pool="hot"}': 3,
      'ringback_database_connections_idle{pool="hot"}': 2,
      'ringback_database_waiting{pool="hot"}': 1,
      'ringback_database_reconnects_total{pool="hot"}': 9,
    });
  });

  it("are available without the store", async () => {
    const { observer, render } = createMetrics({
      statistics: () => Promise.reject(new Error("no disk")),
      ...others,
      nodes: () => Promise.reject(new Error("no disk")),
    });
    observer.published(topic, 1);
    const seen = samples(await render());
    expect([...seen.keys()].filter((name) => name.startsWith("ringback_cluster_"))).toEqual([]);
    expect(seen.get("ringback_publishes_total")).toBe(1);
    expect(seen.get("process_resident_memory_bytes")).toBeGreaterThan(0);
  });
});

describe("the metrics of subscriptions", () => {
  const name = 'account="account-1",topic="orders",subscription="mail"';
  const other = 'account="_other",topic="_other",subscription="_other"';

  it("count attempts, durations and dead letters by subscription, and show its state", async () => {
    const { observer, render } = createMetrics({ statistics: async () => statistics, ...others });
    observer.settled(outcomeOf({ durationMs: 200 }));
    observer.settled(outcomeOf({ attempt: { verdict: "failed" }, settled: { kind: "dead", reason: "gone" as never } }));
    observer.published(topic, 4);
    const text = await render();
    expect(Object.fromEntries(samples(text))).toMatchObject({
      [`ringback_subscription_attempts_total{${name},outcome="accepted"}`]: 1,
      [`ringback_subscription_attempts_total{${name},outcome="failed"}`]: 1,
      [`ringback_subscription_attempts_total{${name},outcome="error"}`]: 0,
      [`ringback_subscription_attempts_total{${other},outcome="accepted"}`]: 0,
      [`ringback_subscription_dead_letters_total{${name}}`]: 1,
      [`ringback_subscription_attempt_duration_seconds_bucket{${name},le="0.25"}`]: 2,
      [`ringback_subscription_attempt_duration_seconds_count{${name}}`]: 2,
      [`ringback_subscription_in_flight{${name}}`]: 2,
      [`ringback_subscription_window{${name}}`]: 0.5,
      [`ringback_cluster_subscription_rate_limit{${name}}`]: 20,
      [`ringback_cluster_subscription_health{${name},state="healthy"}`]: 0,
      [`ringback_cluster_subscription_health{${name},state="failing"}`]: 0,
      [`ringback_cluster_subscription_health{${name},state="open"}`]: 1,
      [`ringback_cluster_subscription_oldest_message_age_seconds{${name}}`]: 10.5,
      [`ringback_cluster_subscription_backlog{${name}}`]: 5,
      [`ringback_cluster_subscription_parked{${name}}`]: 3,
      'ringback_topic_published_messages_total{account="account-1",topic="orders"}': 4,
      'ringback_topic_published_messages_total{account="_other",topic="_other"}': 0,
      ringback_disk_free_bytes: 70,
      ringback_storage_limit_bytes: 900,
      [`ringback_build_info{version="1.2.3",node="${process.version}",driver="sqlite"}`]: 1,
    });
  });

  it("are bounded: what has no series of its own is counted together, and nothing is counted twice", async () => {
    const { observer, render } = createMetrics({ statistics: async () => statistics, ...others });
    for (let id = 1; id <= 100; id++) {
      observer.settled(outcomeOf({ subscription: subscriptionOf("orders", `s${id}`, id) }));
    }
    const attempts = [...samples(await render())].filter(([key]) => /_subscription_attempts_total.*accepted/.test(key));
    expect(attempts).toHaveLength(3);
    expect(attempts.reduce((sum, [, value]) => sum + value, 0)).toBe(100);
  });

  it("show an unhealthy subscription that this process has not sent for, and leave out the state of all others", async () => {
    const sent = Array.from({ length: 5 }, (_, at) => subscriptionOf("orders", `s${at}`, at + 10));
    const { id } = subscriptionOf("orders", "mail", 1);
    const subscriptions = {
      ...others.subscriptions,
      shownMax: 1,
      records: () => ({
        ...others.subscriptions.records(),
        unhealthySubscriptions: async (limit: number) => [subscriptionOf("orders", "mail", id)].slice(0, limit),
      }),
    };
    const { observer, render } = createMetrics({ statistics: async () => statistics, ...others, subscriptions });
    const open = `ringback_cluster_subscription_health{${name},state="open"}`;
    expect(samples(await render()).get(open)).toBe(1);
    for (const subscription of sent) observer.settled(outcomeOf({ subscription }));
    const seen = samples(await render());
    expect(seen.get(open)).toBe(1);
    expect([...seen.keys()].filter((key) => key.includes(`window{${other}`))).toEqual([]);
    expect(seen.get(`ringback_subscription_attempts_total{${other},outcome="accepted"}`)).toBe(5);
  });

  it("have one series for a name after its subscription was deleted and created again", async () => {
    const { observer, render } = createMetrics({ statistics: async () => statistics, ...others });
    observer.settled(outcomeOf({ subscription: subscriptionOf("orders", "mail", 1) }));
    observer.settled(outcomeOf({ subscription: subscriptionOf("orders", "mail", 2) }));
    const found = (await render()).match(/ringback_subscription_dead_letters_total\{.*"mail"\} 0/g);
    expect(found).toHaveLength(1);
  });
});

describe("a histogram", () => {
  it("counts a value in every bucket whose bound is at least the value", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { minLength: 1 }),
        fc.array(fc.integer({ min: -5, max: 60 })),
        async (unsorted, values) => {
          const bounds = unsorted.sort((a, b) => a - b);
          const histogram = new Histogram(bounds);
          for (const value of values) histogram.observe(value);
          const { values: given } = await histogramMetric("h", "help", histogram).get();
          const buckets = given.filter(({ metricName }) => metricName === "h_bucket").map(({ value }) => value);
          const expected = [...bounds, Infinity].map((bound) => values.filter((value) => value <= bound).length);
          expect(buckets).toEqual(expected);
        },
      ),
    );
  });
});
