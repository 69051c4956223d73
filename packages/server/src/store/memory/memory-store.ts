import type { DatabaseSync } from "node:sqlite";
import { systemClock, type Timers } from "../../domain/ports.ts";
import type { TopicNumberLimits } from "../../domain/topic-number.ts";
import type { NodeLabel } from "../cluster.ts";
import { directLink } from "../sqlite/jobs.ts";
import { openForWriting } from "../sqlite/open-database.ts";
import { readJobs, type ReadJobs } from "../sqlite/read-jobs.ts";
import { CatalogIndex } from "../sqlite/catalog-index.ts";
import { SqliteStore, type StoredState, type StoreSettings } from "../sqlite/sqlite-store.ts";
import { writeJobs, type WriteJobs } from "../sqlite/write-jobs.ts";

export interface MemoryStoreOptions {
  readonly account?: { readonly name: string; readonly appId: number };
  readonly attemptRetentionMs?: number;
  readonly deadLetterRetentionMs?: number;
  readonly auditRetentionMs?: number;
  /** False: retention also removes the messages that no subscription needs any more. */
  readonly keepsSettled?: boolean;
  readonly node?: NodeLabel;
  readonly topicNumbers?: TopicNumberLimits;
  readonly newId?: () => number;
  readonly clock?: NonNullable<StoreSettings["clock"]>;
  /** The database of an earlier store. Tests pass it to simulate that the earlier store's process has ended. */
  readonly database?: DatabaseSync;
}

const MONTH_MS = 30 * 24 * 3600_000;
const MESSAGE_CACHE_BYTES = 1_000_000;

/**
 * Timers without delays: a commit in memory takes no time, so each task runs before the next turn of the event loop.
 */
const atOnce: Timers = {
  after(_delayMs, task) {
    let isCancelled = false;
    queueMicrotask(() => {
      if (!isCancelled) task();
    });
    return () => {
      isCancelled = true;
    };
  },
  soon: (task) => queueMicrotask(task),
};

/**
 * The SQLite driver without threads, on a database in memory: for tests, for the simulator, and for commands that store
 * nothing. The data is lost when the process ends. In everything else the driver behaves as the interfaces of the store
 * require.
 */
export class MemoryStore extends SqliteStore {
  override readonly driver: string = "memory";

  constructor({
    account = { name: "default", appId: 1 },
    attemptRetentionMs = MONTH_MS,
    deadLetterRetentionMs = MONTH_MS,
    auditRetentionMs = MONTH_MS,
    clock = systemClock,
    database = emptyDatabase(),
    ...rest
  }: MemoryStoreOptions = {}) {
    const writes = writeJobs(database, null);
    const reads = readJobs(() => database);
    const retention = { attemptRetentionMs, deadLetterRetentionMs, auditRetentionMs };
    const settings = { ...retention, clock, timers: atOnce, ...rest };
    super(
      { messageCacheBytes: MESSAGE_CACHE_BYTES, ...settings },
      { writer: directLink(writes), reader: directLink(reads), bytes: () => bytesOf(database), closed: () => {} },
      startOn(reads, writes, account, clock),
    );
  }
}

function startOn(
  reads: ReadJobs,
  writes: WriteJobs,
  account: { readonly name: string; readonly appId: number },
  clock: NonNullable<StoreSettings["clock"]>,
): StoredState {
  const mark = reads.readClockMark(null);
  if (mark !== null) clock.continueFrom?.(mark);
  const begun = writes.begin({ ...account, wallMs: clock.wall() });
  const { entries, catalog } = reads.load(null);
  const index = new CatalogIndex(catalog.topics);
  index.addStored(reads.loadSubscriptions({ afterId: 0, limit: Number.MAX_SAFE_INTEGER }));
  index.noteParked(catalog);
  return { mark, ...begun, entries, index };
}

export function emptyDatabase(): DatabaseSync {
  return openForWriting(":memory:", { busyMsMax: 0 });
}

function bytesOf(database: DatabaseSync): number {
  const size = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";
  return (database.prepare(size).get() as { bytes: number }).bytes;
}
