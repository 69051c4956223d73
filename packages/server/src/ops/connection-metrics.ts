import type { ConnectionUse } from "../store/cluster.ts";
import { labelledMetric, type ScrapedMetric } from "./metric-cells.ts";

/** Metrics of this process's database connections. With SQLite there are none. */
export function connectionMetrics(read: () => readonly ConnectionUse[]): ScrapedMetric[] {
  const metric = (
    name: string,
    type: "gauge" | "counter",
    help: string,
    member: Exclude<keyof ConnectionUse, "pool">,
  ): ScrapedMetric =>
    labelledMetric(name, help, type, () => read().map((use) => ({ labels: { pool: use.pool }, value: use[member] })));
  return [
    metric("ringback_database_connections_max", "gauge", "Maximum number of database connections of this node.", "max"),
    metric("ringback_database_connections", "gauge", "Open database connections of this node.", "open"),
    metric("ringback_database_connections_idle", "gauge", "Idle database connections of this node.", "idle"),
    metric(
      "ringback_database_waiting",
      "gauge",
      "Operations of this node that wait for a database connection.",
      "waiting",
    ),
    metric(
      "ringback_database_reconnects_total",
      "counter",
      "Database connections that this node has lost. They are opened again when needed.",
      "lost",
    ),
  ];
}
