import type { ConnectionUse } from "../store/cluster.ts";
import { labelledMetric, type ScrapedMetric } from "./metric-cells.ts";

/** This process's connections to its database; with SQLite there are none, and no samples. */
export function connectionMetrics(read: () => readonly ConnectionUse[]): ScrapedMetric[] {
  const metric = (
    name: string,
    type: "gauge" | "counter",
    help: string,
    member: Exclude<keyof ConnectionUse, "pool">,
  ): ScrapedMetric =>
    labelledMetric(name, help, type, () => read().map((use) => ({ labels: { pool: use.pool }, value: use[member] })));
  return [
    metric("ringback_database_connections_max", "gauge", "Connections to the database that this node may open.", "max"),
    metric("ringback_database_connections", "gauge", "Connections to the database that this node has open.", "open"),
    metric("ringback_database_connections_idle", "gauge", "Those of them that nothing is on.", "idle"),
    metric(
      "ringback_database_waiting",
      "gauge",
      "Calls of this node that wait for a connection to the database.",
      "waiting",
    ),
    metric(
      "ringback_database_reconnects_total",
      "counter",
      "Connections to the database that this node lost, and makes anew when it wants them.",
      "lost",
    ),
  ];
}
