import { systemClock, type Clock } from "../../domain/ports.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { NodeLabel } from "../cluster.ts";
import { Listeners } from "../listeners.ts";
import type { Store } from "../store.ts";
import { MemoryCatalog } from "./catalog.ts";
import { MemoryCluster } from "./cluster.ts";
import { MemoryEntries } from "./entries.ts";
import { MemoryLog } from "./log.ts";
import { MemoryData } from "./memory-data.ts";
import { MemoryRecords } from "./records.ts";

export interface MemoryStoreOptions {
  readonly account?: { readonly name: string; readonly appId: number };
  readonly attemptRetentionMs?: number;
  readonly deadLetterRetentionMs?: number;
  /** False: retention also removes the messages that no subscription needs any more. */
  readonly keepsSettled?: boolean;
  readonly node?: NodeLabel;
  readonly clock?: Clock;
  /** Data of an earlier store. Tests give it, as if that store's process had ended. */
  readonly data?: MemoryData;
}

const MONTH_MS = 30 * 24 * 3600_000;

/**
 * The driver that keeps everything in memory and loses it with the process: for tests, for the simulator, and for
 * commands that keep nothing. Everything else that the port promises holds.
 */
export class MemoryStore implements Store {
  readonly driver: string = "memory";
  readonly log: MemoryLog;
  readonly catalog: MemoryCatalog;
  readonly entries: MemoryEntries;
  readonly records: MemoryRecords;
  readonly cluster: MemoryCluster;
  #isClosed = false;

  constructor({
    account = { name: "default", appId: 1 },
    attemptRetentionMs = MONTH_MS,
    deadLetterRetentionMs = MONTH_MS,
    keepsSettled = true,
    node = { name: "", version: "" },
    clock = systemClock,
    data = new MemoryData(account),
  }: MemoryStoreOptions = {}) {
    const isClosed = (): boolean => this.#isClosed;
    const ready = new Listeners<readonly SubscriptionId[]>();
    const retention = { attemptRetentionMs, deadLetterRetentionMs, keepsSettled };
    this.log = new MemoryLog({ data, clock, isClosed, ready, ...retention });
    this.catalog = new MemoryCatalog(data, clock, ready);
    this.entries = new MemoryEntries(data, clock);
    this.records = new MemoryRecords(data, clock, ready);
    this.cluster = new MemoryCluster(clock, node);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }
}
