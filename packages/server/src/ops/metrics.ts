import { collectDefaultMetrics, Registry, type Metric } from "prom-client";
import { deadReasons, type DeadReason } from "../domain/model.ts";
import { systemClock } from "../domain/ports.ts";
import { firstDeliveryMs } from "../engine/delivery-outcome.ts";
import type { EngineObserver, HookObserver } from "../engine/observer.ts";
import type { ConnectionUse, StoreNode } from "../store/cluster.ts";
import type { StoreStatistics } from "../store/records.ts";
import type { StoreObserver } from "../store/store.ts";
import { type BackgroundSources, backgroundMetrics } from "./background-metrics.ts";
import { createRequestMetrics } from "./request-metrics.ts";
import { type MachineSources, machineMetrics } from "./machine-metrics.ts";
import { SubscriptionMetrics, type SubscriptionMetricsSources } from "./subscription-metrics.ts";
import { byLabel, Histogram, histogramMetric, metric, ofTheCluster, type ScrapedMetric } from "./metric-cells.ts";

export interface MetricsSources {
  /** Called once per scrape. */
  readonly statistics: () => Promise<StoreStatistics>;
  /** Called once per scrape. */
  readonly nodes: () => Promise<readonly StoreNode[]>;
  readonly connections: () => readonly ConnectionUse[];
  readonly openSockets: () => number;
  readonly subscriptions: SubscriptionMetricsSources;
  readonly machine: MachineSources;
  readonly background: BackgroundSources;
}

export interface Metrics {
  /** Receives the events of the engine, the hooks and the store. */
  readonly observer: EngineObserver & StoreObserver & HookObserver;
  readonly contentType: string;
  /** Receives the answered requests. */
  readonly requests: ReturnType<typeof createRequestMetrics>["receiver"];
  /** The Prometheus text format. */
  readonly render: () => Promise<string>;
}

const latencyBoundsS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const commitBoundsS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const commitSizeBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/**
 * Interval of prom-client's timer that measures the event loop's delay. Its default of 10 ms would keep an idle server
 * busy.
 */
const eventLoopSampleMs = 100;

/** The counters and histograms of this process. */
function createCells() {
  return {
    publishes: 0,
    expired: 0,
    filtered: 0,
    attempts: { accepted: 0, failed: 0, error: 0 },
    dead: Object.fromEntries(deadReasons.map((reason) => [reason, 0])) as Record<DeadReason, number>,
    deliveryLatency: new Histogram(latencyBoundsS),
    attemptDuration: new Histogram(latencyBoundsS),
    hookCalls: { continue: 0, reject: 0, failed: 0 },
    hookDuration: new Histogram(latencyBoundsS),
    commitDuration: new Histogram(commitBoundsS),
    commitOperations: new Histogram(commitSizeBounds),
    /** Maps the name of each statement of the database driver to a count. A driver has a few dozen statements. */
    statements: new Map<string, number>(),
  };
}

type Cells = ReturnType<typeof createCells>;

function observerOf(cells: Cells, subscriptions: SubscriptionMetrics): Metrics["observer"] {
  return {
    published(topic, messages) {
      cells.publishes += messages;
      subscriptions.published(topic, messages);
    },
    settled(outcome) {
      subscriptions.settled(outcome);
      const { attempt, durationMs, settled } = outcome;
      if (attempt !== null) {
        cells.attempts[attempt.verdict]++;
        cells.attemptDuration.observe(durationMs / 1000);
      }
      const latencyMs = firstDeliveryMs(outcome);
      if (latencyMs !== null) cells.deliveryLatency.observe(latencyMs / 1000);
      if (settled.kind === "dead") cells.dead[settled.reason]++;
    },
    filtered(count) {
      cells.filtered += count;
    },
    expired(count) {
      cells.expired += count;
    },
    hookCalled(outcome, durationS) {
      cells.hookCalls[outcome]++;
      cells.hookDuration.observe(durationS);
    },
    commit(durationS, operations) {
      cells.commitDuration.observe(durationS);
      cells.commitOperations.observe(operations);
    },
    statement(name) {
      cells.statements.set(name, (cells.statements.get(name) ?? 0) + 1);
    },
  };
}

/**
 * A metric with one counter per value of the label. All counters are exported from the start, so that rates begin at
 * zero.
 */
function labelled(name: string, help: string, label: string, counts: Readonly<Record<string, number>>): ScrapedMetric {
  return metric("counter", name, help, () => byLabel(label, Object.entries(counts)));
}

function processMetrics(cells: Cells): ScrapedMetric[] {
  const deadLetters = "Deliveries that became dead letters, by reason.";
  const filtered = "Messages that filter.where of a subscription has rejected.";
  const expired = "Deliveries that were removed because their message's retention ended.";
  const latency =
    "Time from the acceptance of a message by Ringback to its acceptance by the receiver, for first attempts.";
  const statements = "Statements sent to PostgreSQL, by name. Each is one round trip. None with SQLite.";
  return [
    metric("counter", "ringback_publishes_total", "Messages accepted from publishers.", () => cells.publishes),
    labelled("ringback_attempts_total", "POSTs to endpoints, by outcome.", "outcome", cells.attempts),
    histogramMetric("ringback_delivery_latency_seconds", latency, cells.deliveryLatency),
    histogramMetric("ringback_attempt_duration_seconds", "Duration of POSTs to endpoints.", cells.attemptDuration),
    labelled("ringback_dead_letters_total", deadLetters, "reason", cells.dead),
    metric("counter", "ringback_expired_total", expired, () => cells.expired),
    metric("counter", "ringback_filtered_total", filtered, () => cells.filtered),
    labelled("ringback_hook_calls_total", "Hook calls, by outcome.", "outcome", cells.hookCalls),
    histogramMetric("ringback_hook_call_duration_seconds", "Duration of hook calls.", cells.hookDuration),
    histogramMetric("ringback_store_commit_seconds", "Duration of database commits.", cells.commitDuration),
    histogramMetric("ringback_store_commit_operations", "Number of operations in one commit.", cells.commitOperations),
    metric("counter", "ringback_store_statements_total", statements, () => byLabel("statement", cells.statements)),
  ];
}

/** Metrics of this process's database connections. With SQLite there are none. */
function connectionMetrics(read: () => readonly ConnectionUse[]): ScrapedMetric[] {
  const perPool = (
    type: "gauge" | "counter",
    name: string,
    help: string,
    member: Exclude<keyof ConnectionUse, "pool">,
  ): ScrapedMetric =>
    metric(type, `ringback_database_${name}`, help, () =>
      byLabel(
        "pool",
        read().map((use) => [use.pool, use[member]] as const),
      ),
    );
  const waiting = "Operations of this node that wait for a database connection.";
  const lost = "Database connections that this node has lost. They are opened again when needed.";
  return [
    perPool("gauge", "connections_max", "Maximum number of database connections of this node.", "max"),
    perPool("gauge", "connections", "Open database connections of this node.", "open"),
    perPool("gauge", "connections_idle", "Idle database connections of this node.", "idle"),
    perPool("gauge", "waiting", waiting, "waiting"),
    perPool("counter", "reconnects_total", lost, "lost"),
  ];
}

/** The last read of the store. null: the read failed, so the metrics of the cluster are left out. */
interface StoreRead {
  statistics: Promise<StoreStatistics | null>;
  nodes: Promise<readonly StoreNode[] | null>;
}

/** All gauges of one scrape share one read of the store. */
function clusterMetrics(lastRead: StoreRead): ScrapedMetric[] {
  const gauge = (name: string, help: string, member: keyof StoreStatistics): ScrapedMetric =>
    metric("gauge", name, `${help} ${ofTheCluster}`, async () => (await lastRead.statistics)?.[member] ?? null);
  return [
    gauge("ringback_cluster_topics", "Topics.", "topics"),
    gauge("ringback_cluster_subscriptions", "Subscriptions.", "subscriptions"),
    gauge("ringback_cluster_backlog", "Messages that wait in the log, over all subscriptions.", "backlog"),
    gauge("ringback_cluster_parked", "Deliveries that wait for their next attempt.", "parked"),
    gauge("ringback_cluster_dead_letters", "Stored dead letters.", "deadLetters"),
    gauge("ringback_cluster_in_flight", "Deliveries that are being sent.", "inFlight"),
    gauge("ringback_cluster_disabled_subscriptions", "Disabled subscriptions.", "disabledSubscriptions"),
    metric(
      "gauge",
      "ringback_cluster_unhealthy_subscriptions",
      `Subscriptions whose attempts fail, and subscriptions whose breaker is open. ${ofTheCluster}`,
      async () => {
        const read = await lastRead.statistics;
        if (read === null) return null;
        return byLabel("state", [
          ["failing", read.failingSubscriptions],
          ["open", read.openSubscriptions],
        ]);
      },
    ),
    gauge("ringback_cluster_replays", "Replays that have not ended.", "replays"),
    gauge("ringback_cluster_database_bytes", "Size of the database on disk.", "bytes"),
    metric(
      "gauge",
      "ringback_cluster_nodes_alive",
      `Nodes that have contacted the database recently. ${ofTheCluster}`,
      async () => (await lastRead.nodes)?.filter(({ isAlive }) => isAlive).length ?? null,
    ),
  ];
}

interface MetricParts {
  readonly cells: Cells;
  readonly lastRead: StoreRead;
  readonly requests: ReturnType<typeof createRequestMetrics>;
  readonly subscriptions: SubscriptionMetrics;
}

function metricsOf(sources: MetricsSources, { cells, lastRead, requests, subscriptions }: MetricParts) {
  return [
    ...processMetrics(cells),
    ...subscriptions.metrics(),
    ...requests.metrics,
    ...clusterMetrics(lastRead),
    ...connectionMetrics(sources.connections),
    metric("gauge", "ringback_open_sockets", "Open connections to endpoints.", sources.openSockets),
    ...backgroundMetrics(sources.background),
    ...machineMetrics(sources.machine),
  ];
}

function createParts(sources: MetricsSources): MetricParts {
  return {
    cells: createCells(),
    lastRead: { statistics: Promise.resolve(null), nodes: Promise.resolve(null) },
    requests: createRequestMetrics(),
    subscriptions: new SubscriptionMetrics(sources.subscriptions),
  };
}

function unread(): never {
  throw new Error("a description reads no values");
}

/** The name, the type and the help of every metric of Ringback, for the documentation. */
export function describedMetrics(): readonly Pick<ScrapedMetric, "name" | "type" | "help">[] {
  const sources: MetricsSources = {
    statistics: unread,
    nodes: unread,
    connections: unread,
    openSockets: unread,
    subscriptions: { shownMax: 0, accountNameOf: unread, senderState: unread, records: unread, clock: systemClock },
    machine: { version: "", driver: "memory", databaseBytesMax: null, disk: unread },
    background: { openBreakers: unread, suppressedEvents: unread, spans: unread },
  };
  return metricsOf(sources, createParts(sources));
}

export function createMetrics(sources: MetricsSources): Metrics {
  const parts = createParts(sources);
  const { cells, lastRead, requests, subscriptions } = parts;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopSampleMs });
  for (const one of metricsOf(sources, parts)) {
    // The type requires prom-client's own classes, but the code uses only the members of ScrapedMetric.
    registry.registerMetric(one as unknown as Metric);
  }

  const renderOnce = async (): Promise<string> => {
    lastRead.statistics = sources.statistics().catch(() => null);
    lastRead.nodes = sources.nodes().catch(() => null);
    return registry.metrics();
  };
  let rendering: Promise<string> | null = null;
  return {
    observer: observerOf(cells, subscriptions),
    requests: requests.receiver,
    contentType: registry.contentType,
    render: () => {
      // Concurrent scrapes share one result.
      rendering ??= renderOnce().finally(() => {
        rendering = null;
      });
      return rendering;
    },
  };
}
