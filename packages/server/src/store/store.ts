/**
 * The port between the engine and a database, in domain words and in parts. Failures are `RingbackError`s:
 * `storage_full` and `storage_unavailable` when the database cannot be written (nothing of the call took effect),
 * `overloaded` when a queue is full.
 */

import type { CatalogStore } from "./catalog.ts";
import type { ClusterStore } from "./cluster.ts";
import type { EntryStore } from "./entries.ts";
import type { LogStore } from "./log.ts";
import type { RecordStore } from "./records.ts";

export interface Store {
  readonly driver: string;
  readonly log: LogStore;
  readonly catalog: CatalogStore;
  readonly entries: EntryStore;
  readonly records: RecordStore;
  readonly cluster: ClusterStore;
  close(): Promise<void>;
}

/** Receives measurements for the operator's metrics. Durations are in seconds. */
export interface StoreObserver {
  /** One group commit: how long the database took to make it durable, and how many operations shared it. */
  commit(durationS: number, operations: number): void;
  /** One statement of this name was sent to a remote database: one round trip. Drivers without one never call it. */
  statement?(name: string): void;
}
