import type { Timers } from "../../domain/ports.ts";
import type { Database } from "./database.ts";
import type { Health } from "./health.ts";
import type { Times } from "./times.ts";

/** The node to which a store belongs, and the node's connections to the database. */
export interface NodeContext {
  readonly database: Database;
  readonly times: Times;
  readonly timers: Timers;
  readonly health: Health;
  readonly nodeId: number;
  /** A node without a heartbeat for this long counts as dead. */
  readonly aliveMs: number;
}
