import { join } from "node:path";
import { RingbackError } from "../../domain/errors.ts";
import { Mutex } from "../../domain/mutex.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import { systemClock, systemTimers, type Clock, type Timers } from "../../domain/ports.ts";
import type { NodeLabel } from "../cluster.ts";
import { Listeners } from "../listeners.ts";
import type { Store, StoreObserver } from "../store.ts";
import { SqliteCatalog } from "./catalog.ts";
import { CatalogIndex } from "./catalog-index.ts";
import { ClaimWrites } from "./claim-writes.ts";
import { Claims } from "./claims.ts";
import { SqliteCluster } from "./cluster.ts";
import { SqliteEntries } from "./entries.ts";
import { lockFolder, type FolderLock } from "./folder-lock.ts";
import { GroupCommit } from "./group-commit.ts";
import { SqliteLog } from "./log.ts";
import { LogScan } from "./log-scan.ts";
import { MessageCache } from "./message-cache.ts";
import { noteAppended } from "./note-appended.ts";
import { ParkedScan } from "./parked-scan.ts";
import type { ReadJobs } from "./read-thread.ts";
import { SqliteRecords } from "./records.ts";
import type { StoreContext } from "./store-context.ts";
import { ThreadLink } from "./thread-link.ts";
import type { WriteJobs } from "./write-thread.ts";
import { Writer } from "./writer.ts";

export interface SqliteStoreOptions {
  /** Created when it does not exist. Only one server at a time can have it open. */
  readonly folder: string;
  readonly account: { readonly name: string; readonly appId: number };
  /** Size of the database past which writes fail with `storage_full`; 0: only the disk limits it. */
  readonly bytesMax: number;
  readonly messageCacheBytes: number;
  /** How long a write waits for another program that has locked the database, such as a backup. */
  readonly busyMsMax?: number;
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  readonly observer?: StoreObserver;
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** How this process appears in the list of nodes. */
  readonly node?: NodeLabel;
}

interface Threads {
  readonly writer: ThreadLink<WriteJobs>;
  readonly reader: ThreadLink<ReadJobs>;
}

const BUSY_MS_MAX_DEFAULT = 5_000;

/** The embedded driver: one SQLite file, a thread that writes it, a thread that reads it, and claims in memory. */
export class SqliteStore implements Store {
  readonly driver = "sqlite";
  readonly log: SqliteLog;
  readonly catalog: SqliteCatalog;
  readonly entries: SqliteEntries;
  readonly records: SqliteRecords;
  readonly cluster: SqliteCluster;
  readonly #lock: FolderLock;
  readonly #threads: Threads;
  readonly #context: StoreContext;
  readonly #claimWrites: ClaimWrites;
  #closing: Promise<void> | null = null;

  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const lock = lockFolder(options.folder);
    const file = join(options.folder, "ringback.db");
    const { bytesMax, busyMsMax = BUSY_MS_MAX_DEFAULT } = options;
    const starting = [
      ThreadLink.start<WriteJobs>("write-thread", { file, limits: { bytesMax, busyMsMax } }),
      ThreadLink.start<ReadJobs>("read-thread", { file }),
    ] as const;
    try {
      const [writer, reader] = await Promise.all(starting);
      const store = new SqliteStore(options, file, lock, { writer, reader });
      await store.#load(options);
      return store;
    } catch (error) {
      for (const thread of await Promise.allSettled(starting)) {
        if (thread.status === "fulfilled") await thread.value.close();
      }
      lock.release();
      throw openFailure(file, error);
    }
  }

  constructor(options: SqliteStoreOptions, file: string, lock: FolderLock, threads: Threads) {
    const { clock = systemClock, timers = systemTimers, observer = { commit: () => {} } } = options;
    const { reader, writer: thread } = threads;
    const index = new CatalogIndex();
    const cache = new MessageCache(options.messageCacheBytes);
    const ready = new Listeners<readonly SubscriptionId[]>();
    const commits = new GroupCommit({
      thread,
      clock,
      timers,
      observer,
      appended: (request, result) => noteAppended({ index, cache, ready }, request, result),
    });
    const claimWrites = new ClaimWrites({ commits, clock, timers, ready });
    const claims = new Claims({
      index,
      clock,
      log: new LogScan({ cache, reader, writes: claimWrites }),
      parked: new ParkedScan({ reader, writes: claimWrites }),
      isCongested: () => commits.isCongested,
    });
    const writer = new Writer(thread, (error) => commits.noteFailure(error));
    const context = { index, commits, claims, writer, reader, clock, catalogMutex: new Mutex(), ready };
    this.#lock = lock;
    this.#threads = threads;
    this.#context = context;
    this.#claimWrites = claimWrites;
    this.log = new SqliteLog(context, { thread, ...options });
    this.catalog = new SqliteCatalog(context, cache);
    this.entries = new SqliteEntries(context);
    this.records = new SqliteRecords(context, file);
    this.cluster = new SqliteCluster(clock, options.node ?? { name: "", version: "" }, commits);
  }

  async #load({ account }: SqliteStoreOptions): Promise<void> {
    const { writer, reader } = this.#threads;
    const { index, claims, clock } = this.#context;
    const { id, name, app_id: appId } = await writer.call("ensureAccount", { ...account, nowMs: clock.now() });
    this.catalog.setAccount({ id, name, appId });
    claims.begin(await writer.call("countStart", null));
    this.entries.load(await reader.call("loadEntries", null));
    index.load(await reader.call("loadCatalog", null));
  }

  /** Changes the size limit of the open database, for tests. */
  async setBytesMax(bytesMax: number): Promise<void> {
    await this.#threads.writer.call("setBytesMax", { bytesMax });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#claimWrites.writeCursors();
    await this.#context.commits.close();
    await this.#threads.reader.close();
    // The last connection to close copies the write-ahead log into the database, which only a writing one can.
    await this.#threads.writer.close();
    this.#lock.release();
  }
}

/** Names the file. The first query that meets the damage determines what the cause says. */
function openFailure(file: string, error: unknown): unknown {
  if (!(error instanceof RingbackError) || !(error.cause instanceof Error)) return error;
  return new RingbackError(error.code, `The database "${file}" cannot be opened: ${error.cause.message}`, {
    cause: error.cause,
  });
}
