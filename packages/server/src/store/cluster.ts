/** The processes that share the store, their connections, and whether it can be written. */

import type { TimeMs } from "../domain/model.ts";

/** A process that has the store open, or had it open lately. */
export interface StoreNode {
  readonly id: number;
  /** Name of the host on which the process runs. For display only. */
  readonly name: string;
  readonly version: string;
  readonly startedAtMs: TimeMs;
  /** Time of the last heartbeat of the process. */
  readonly lastSeenAtMs: TimeMs;
  readonly isAlive: boolean;
  /** True for the process that returns the list. */
  readonly isThis: boolean;
}

/** How a process appears in the list of nodes. */
export interface NodeLabel {
  readonly name: string;
  readonly version: string;
}

/** One pool of this process's connections to a database server. */
export interface ConnectionUse {
  readonly pool: string;
  readonly max: number;
  readonly open: number;
  readonly idle: number;
  /** Number of calls that wait for a connection. */
  readonly waiting: number;
  /** Number of connections that broke since the start. A broken connection is replaced when it is next needed. */
  readonly lost: number;
}

export interface ClusterStore {
  /**
   * Lists the processes that have the store open, this one included, and then those that had it open lately. The list
   * has at most `limits.nodesListedMax` processes.
   */
  nodes(): Promise<readonly StoreNode[]>;
  /** Connections of this process; empty for a driver without a database server. */
  connections(): readonly ConnectionUse[];
  /** True when the last write succeeded. After a failed write, the driver itself tries again until a write succeeds. */
  writable(): boolean;
}
