/**
 * The port between the engine and a database, in domain terms and in several parts. Failures are `RingbackError`s:
 * `storage_full` or `storage_unavailable` when the database cannot be written and nothing of the call took effect;
 * `overloaded` when a queue is full.
 */

import type { AuditStore } from "./audit.ts";
import type { CatalogStore } from "./catalog.ts";
import type { ClusterStore } from "./cluster.ts";
import type { DeliveryStore } from "./deliveries.ts";
import type { EntryStore } from "./entries.ts";
import type { ExchangeStore } from "./exchanges.ts";
import type { LogStore } from "./log.ts";
import type { RecordStore } from "./records.ts";
import type { ReplayStore } from "./replays.ts";
import type { TallyStore } from "./tallies.ts";

export interface Store {
  readonly driver: string;
  readonly log: LogStore;
  readonly catalog: CatalogStore;
  readonly entries: EntryStore;
  readonly records: RecordStore;
  readonly deliveries: DeliveryStore;
  readonly replays: ReplayStore;
  readonly audit: AuditStore;
  readonly tallies: TallyStore;
  readonly exchanges: ExchangeStore;
  readonly cluster: ClusterStore;
  close(): Promise<void>;
}

/** Receives measurements for the operator's metrics. Durations are in seconds. */
export interface StoreObserver {
  /** The clock of the database was set ahead by this many milliseconds; negative: back. */
  clockJumped?(byMs: number): void;
  /** One group commit: how long the database took to make it durable, and how many operations shared it. */
  commit(durationS: number, operations: number): void;
  /** One statement with this name was sent to a remote database, in one round trip. Local drivers never call this. */
  statement?(name: string): void;
}
