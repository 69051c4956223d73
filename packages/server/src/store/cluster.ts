/** The processes that share the store, their connections, and whether it can be written. */

import type { TimeMs } from "../domain/model.ts";

/** A process that has the store open, or had it open lately. */
export interface StoreNode {
  readonly id: number;
  /** Name of the host it runs on, for people. */
  readonly name: string;
  readonly version: string;
  readonly startedAtMs: TimeMs;
  /** Time of its last heartbeat. */
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
  /** Calls that wait for a connection. */
  readonly waiting: number;
  /** Connections that broke since the start; each is opened again when it is next needed. */
  readonly lost: number;
}

export interface ClusterStore {
  /**
   * This process, the others that have the store open, and those that had it open lately: the living first, at most
   * `limits.nodesListedMax`.
   */
  nodes(): Promise<readonly StoreNode[]>;
  /** Connections of this process; empty for a driver without a database server. */
  connections(): readonly ConnectionUse[];
  /** True when the last write succeeded. While it is false, the driver tries by itself until a write succeeds. */
  writable(): boolean;
}
