import { collectDefaultMetrics, Registry } from "prom-client";
import type { Metric } from "prom-client";
import type { DeadReason } from "../domain/model.ts";
import type { EngineObserver, HookObserver } from "../engine/observer.ts";
import type { ConnectionUse, StoreNode } from "../store/cluster.ts";
import type { StoreStatistics } from "../store/records.ts";
import type { StoreObserver } from "../store/store.ts";
import {
  counterMetric,
  gaugeMetric,
  Histogram,
  histogramMetric,
  labelledCounterMetric,
  labelledMetric,
} from "./metric-cells.ts";
import type { ScrapedMetric } from "./metric-cells.ts";
import { connectionMetrics } from "./connection-metrics.ts";

export interface MetricsSources {
  /** Asked once per scrape. */
  readonly statistics: () => Promise<StoreStatistics>;
  /** Asked once per scrape, beside it. */
  readonly nodes: () => Promise<readonly StoreNode[]>;
  readonly connections: () => readonly ConnectionUse[];
  readonly openSockets: () => number;
}

export interface Metrics {
  /** For the engine, the hooks and the store: one object that is all of them. */
  readonly observer: EngineObserver & StoreObserver & HookObserver;
  readonly contentType: string;
  /** The Prometheus text format. */
  readonly render: () => Promise<string>;
}

const latencyBoundsS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const commitBoundsS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const commitSizeBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** prom-client samples the event loop's delay by a timer; at its default of 10 ms an idle server would never rest. */
const eventLoopSampleMs = 100;

/** Said in the help of each figure that every node tells alike; all others are of the process that was asked, and can be summed. */
const ofTheCluster = "Of the whole cluster: every node tells the same, so take one or the maximum, not the sum.";

export function createMetrics(sources: MetricsSources): Metrics {
  const publishes = { count: 0 };
  const attempts = { accepted: 0, failed: 0, error: 0 };
  const dead: Record<DeadReason, number> = { retries_exhausted: 0, receives_exhausted: 0, expired: 0, unencodable: 0 };
  const expired = { count: 0 };
  const deliveryLatency = new Histogram(latencyBoundsS);
  const attemptDuration = new Histogram(latencyBoundsS);
  const hookCalls = { continue: 0, reject: 0, failed: 0 };
  const hookDuration = new Histogram(latencyBoundsS);
  const commitDuration = new Histogram(commitBoundsS);
  const commitOperations = new Histogram(commitSizeBounds);
  /** The names are those of the driver's statements: a few dozen. */
  const statements = new Map<string, number>();

  const observer: EngineObserver & StoreObserver & HookObserver = {
    published(messages) {
      publishes.count += messages;
    },
    attempted(outcome, durationS) {
      attempts[outcome]++;
      attemptDuration.observe(durationS);
    },
    delivered(latencyS) {
      deliveryLatency.observe(latencyS);
    },
    dead(reason) {
      dead[reason]++;
    },
    expired(count) {
      expired.count += count;
    },
    hookCalled(outcome, durationS) {
      hookCalls[outcome]++;
      hookDuration.observe(durationS);
    },
    commit(durationS, operations) {
      commitDuration.observe(durationS);
      commitOperations.observe(operations);
    },
    statement(name) {
      statements.set(name, (statements.get(name) ?? 0) + 1);
    },
  };

  // All gauges of one scrape share one question to the store. A store that cannot answer leaves them out; the rest of
  // the metrics is wanted then more than ever.
  let statistics: Promise<StoreStatistics | null> = Promise.resolve(null);
  let nodes: Promise<readonly StoreNode[] | null> = Promise.resolve(null);
  const fromStore = (name: string, help: string, member: keyof StoreStatistics): ScrapedMetric =>
    gaugeMetric(name, `${help} ${ofTheCluster}`, async () => (await statistics)?.[member] ?? null);

  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopSampleMs });
  for (const metric of [
    counterMetric("ringback_publishes_total", "Messages accepted from publishers.", publishes),
    labelledCounterMetric("ringback_attempts_total", "POSTs to endpoints, by how they ended.", "outcome", attempts),
    histogramMetric(
      "ringback_delivery_latency_seconds",
      "From acceptance by the log to acceptance by the receiver, first attempts.",
      deliveryLatency,
    ),
    histogramMetric("ringback_attempt_duration_seconds", "How long POSTs took.", attemptDuration),
    labelledCounterMetric("ringback_dead_letters_total", "Deliveries given up, by reason.", "reason", dead),
    counterMetric("ringback_expired_total", "Deliveries whose message ran out of its retention time first.", expired),
    labelledCounterMetric("ringback_hook_calls_total", "Calls of hooks, by what came of them.", "outcome", hookCalls),
    histogramMetric("ringback_hook_call_duration_seconds", "How long calls of hooks took.", hookDuration),
    histogramMetric(
      "ringback_store_commit_seconds",
      "How long the database took to make a group of operations durable.",
      commitDuration,
    ),
    histogramMetric("ringback_store_commit_operations", "How many operations shared a commit.", commitOperations),
    labelledMetric(
      "ringback_store_statements_total",
      "Statements sent to PostgreSQL, by their name, each of them one round trip. None with the embedded database.",
      "counter",
      () => [...statements].map(([statement, value]) => ({ labels: { statement }, value })),
    ),
    fromStore("ringback_cluster_topics", "Topics.", "topics"),
    fromStore("ringback_cluster_subscriptions", "Subscriptions.", "subscriptions"),
    fromStore("ringback_cluster_backlog", "Messages that wait in the log, over all subscriptions.", "backlog"),
    fromStore("ringback_cluster_parked", "Deliveries that wait for their next attempt.", "parked"),
    fromStore("ringback_cluster_dead_letters", "Dead letters kept.", "deadLetters"),
    fromStore("ringback_cluster_in_flight", "Deliveries claimed and not settled.", "inFlight"),
    fromStore("ringback_cluster_database_bytes", "Size of the database on disk.", "bytes"),
    gaugeMetric(
      "ringback_cluster_nodes_alive",
      `Nodes that have said lately that they are there. ${ofTheCluster}`,
      async () => (await nodes)?.filter(({ isAlive }) => isAlive).length ?? null,
    ),
    ...connectionMetrics(sources.connections),
    gaugeMetric("ringback_open_sockets", "Open connections to endpoints.", sources.openSockets),
  ]) {
    // Its type asks for prom-client's own classes, its code only for what a ScrapedMetric has.
    registry.registerMetric(metric as unknown as Metric);
  }

  let rendering: Promise<string> | null = null;
  return {
    observer,
    contentType: registry.contentType,
    render: () => {
      // Scrapes that overlap share one answer.
      rendering ??= renderOnce().finally(() => {
        rendering = null;
      });
      return rendering;
    },
  };

  async function renderOnce(): Promise<string> {
    statistics = sources.statistics().catch(() => null);
    nodes = sources.nodes().catch(() => null);
    return registry.metrics();
  }
}
