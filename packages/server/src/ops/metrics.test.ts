import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { outcomeOf } from "../engine/testing/delivery-outcomes.ts";
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
  bytes: 7,
};

const node = { name: "a", version: "1.2.3", startedAtMs: 1, lastSeenAtMs: 2, isThis: false };
const others = {
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
    observer.published(3);
    observer.published(1);
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
    observer.published(1);
    const seen = samples(await render());
    expect([...seen.keys()].filter((name) => name.startsWith("ringback_cluster_"))).toEqual([]);
    expect(seen.get("ringback_publishes_total")).toBe(1);
    expect(seen.get("process_resident_memory_bytes")).toBeGreaterThan(0);
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
