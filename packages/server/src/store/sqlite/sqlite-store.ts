import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { unlimited } from "../../domain/account-limits.ts";
import { momentOf } from "../../domain/clock-rules.ts";
import { RingbackError } from "../../domain/errors.ts";
import { Mutex } from "../../domain/mutex.ts";
import type { Account, SubscriptionId } from "../../domain/model.ts";
import { systemClock, systemTimers, type Clock, type Moment, type Timers } from "../../domain/ports.ts";
import type { ProcessClock } from "../../domain/process-clock.ts";
import type { TopicNumberLimits } from "../../domain/topic-number.ts";
import type { EntryRow } from "../catalog-rows.ts";
import type { NodeLabel } from "../cluster.ts";
import { Listeners } from "../listeners.ts";
import type { Store, StoreObserver } from "../store.ts";
import { sqliteAudit } from "./audit.ts";
import { SqliteCatalog } from "./catalog.ts";
import { CatalogIndex } from "./catalog-index.ts";
import { ClaimWrites } from "./claim-writes.ts";
import { ClockMarks } from "./clock-marks.ts";
import { Claims } from "./claims.ts";
import { sqliteCluster } from "./cluster.ts";
import { sqliteEntries } from "./entries.ts";
import { lockFolder, unusable } from "./folder-lock.ts";
import { GroupCommit } from "./group-commit.ts";
import type { JobLink } from "./jobs.ts";
import { sqliteLog } from "./log.ts";
import { readLogState, type LogState } from "./log-state.ts";
import { MessageCache } from "./message-cache.ts";
import { noteAppended } from "./note-appended.ts";
import type { StoredSubscription } from "./operations/load-catalog.ts";
import { createPrivate, makePrivate } from "./private-files.ts";
import { sqliteDeliveries } from "./deliveries.ts";
import type { ReadJobs, Reader } from "./read-jobs.ts";
import { SqliteRecords } from "./records.ts";
import { sqliteReplays } from "./replays.ts";
import { Retention, type RetentionOptions } from "./retention.ts";
import type { StoreContext } from "./store-context.ts";
import { ThreadLink } from "./thread-link.ts";
import { sqliteExchanges } from "./exchanges.ts";
import { sqliteTallies } from "./tallies.ts";
import type { WriteJobs } from "./write-jobs.ts";

export interface StoreSettings extends RetentionOptions {
  readonly messageCacheBytes: number;
  readonly observer?: StoreObserver;
  readonly clock?: Clock & Partial<Pick<ProcessClock, "continueFrom">>;
  readonly timers?: Timers;
  /** How this process appears in the list of nodes. */
  readonly node?: NodeLabel;
  /** Limits of topic numbers, for tests. */
  readonly topicNumbers?: TopicNumberLimits;
  /** Returns the id of a new subscription, for tests. */
  readonly newId?: () => number;
}

export interface SqliteStoreOptions extends StoreSettings {
  /** Created when it does not exist. Only one server at a time can have it open. */
  readonly folder: string;
  readonly account: { readonly name: string; readonly appId: number };
  /** Size of the database past which writes fail with `storage_full`; 0: only the disk limits it. */
  readonly bytesMax: number;
  /** How long a write waits for another program that has locked the database, such as a backup. */
  readonly busyMsMax?: number;
  /** Reports what an operator should know about the folder, such as rights of other users or lost data. */
  readonly warn?: (sentence: string) => void;
}

/** An open database. */
export interface OpenDatabase {
  readonly writer: JobLink<WriteJobs>;
  readonly reader: Reader;
  readonly bytes: () => number;
  readonly closed: () => void;
}

/** The content of a database at the start of its store. */
export interface StoredState {
  /** The last moment that an earlier store wrote; null: there was no earlier store. */
  readonly mark: Moment | null;
  readonly account: Account;
  /** How many times a server has been started on the database. */
  readonly start: number;
  readonly entries: readonly EntryRow[];
  readonly index: CatalogIndex;
}

const BUSY_MS_MAX_DEFAULT = 5_000;
const SUBSCRIPTIONS_PER_PAGE = 1_000;

/** The embedded driver: one SQLite file, a thread that writes it, a thread that reads it, and claims in memory. */
export class SqliteStore implements Store {
  readonly driver: string = "sqlite";
  readonly log: Store["log"];
  readonly catalog: Store["catalog"];
  readonly entries: Store["entries"];
  readonly records: Store["records"];
  readonly deliveries: Store["deliveries"];
  readonly replays: Store["replays"];
  readonly audit: Store["audit"];
  readonly tallies: Store["tallies"];
  readonly exchanges: Store["exchanges"];
  readonly cluster: Store["cluster"];
  readonly #database: OpenDatabase;
  /** Public for tests, which inspect claims. */
  readonly context: StoreContext;
  #closing: Promise<void> | null = null;

  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const { folder, account, bytesMax, busyMsMax = BUSY_MS_MAX_DEFAULT, clock = systemClock } = options;
    const { warn = () => {} } = options;
    const unlock = lockFolder(folder);
    const file = join(folder, "ringback.db");
    let logState: LogState;
    try {
      logState = readLogState(file);
      for (const sentence of makePrivate(folder)) warn(sentence);
      createPrivate(file);
    } catch (error) {
      unlock();
      throw unusable(folder, error);
    }
    const starting = [
      ThreadLink.start<WriteJobs>({ file, limits: { bytesMax, busyMsMax } }),
      ThreadLink.start<ReadJobs>({ file, limits: null }),
    ] as const;
    try {
      const [writer, reader] = await Promise.all(starting);
      const mark = await reader.call("readClockMark", null);
      if (mark !== null) clock.continueFrom?.(mark);
      const { wasRunning, ...begun } = await writer.call("begin", { ...account, wallMs: clock.wall() });
      if (logState === "cut" || (logState === "missing" && wasRunning)) warn(lossOfLog(file, logState));
      const { entries, catalog } = await reader.call("load", null);
      const index = new CatalogIndex(catalog.topics);
      for await (const page of pagesOfSubscriptions(reader)) index.addStored(page);
      index.noteParked(catalog);
      const bytes = (): number => fileBytes(file) + fileBytes(`${file}-wal`);
      return new SqliteStore(options, { writer, reader, bytes, closed: unlock }, { mark, ...begun, entries, index });
    } catch (error) {
      for (const thread of await Promise.allSettled(starting)) {
        if (thread.status === "fulfilled") await thread.value.close();
      }
      unlock();
      throw openFailure(file, error);
    }
  }

  constructor(settings: StoreSettings, database: OpenDatabase, state: StoredState) {
    const { clock = systemClock, timers = systemTimers, observer = { commit: () => {} } } = settings;
    const { reader, writer: thread } = database;
    const { index } = state;
    const cache = new MessageCache(settings.messageCacheBytes);
    const clockMarks = new ClockMarks(state.mark);
    const ready = new Listeners<readonly SubscriptionId[]>();
    const commits = new GroupCommit({
      thread,
      clock,
      clockMarks,
      timers,
      observer,
      appended: (request, result, nowMs) => noteAppended({ index, cache, ready }, request, result, nowMs),
    });
    const claimWrites = new ClaimWrites({ commits, clock, timers, ready });
    const claiming = { index, cache, commits, claimWrites, reader, clock };
    const context = {
      ...claiming,
      claims: new Claims(claiming, state.start),
      catalogMutex: new Mutex(),
      ready,
      limitsOf: () => unlimited,
    };
    this.#database = database;
    this.context = context;
    this.log = sqliteLog(context, new Retention(context, settings, clockMarks, state.mark));
    this.catalog = new SqliteCatalog(context, state.account, settings);
    this.entries = sqliteEntries(context, state.entries);
    this.records = new SqliteRecords(context, database.bytes);
    this.deliveries = sqliteDeliveries(context, this.records);
    this.replays = sqliteReplays(context);
    this.audit = sqliteAudit(context);
    this.tallies = sqliteTallies(context);
    this.exchanges = sqliteExchanges(context);
    this.cluster = sqliteCluster(clock, settings.node ?? { name: "", version: "" }, commits);
  }

  /** Changes the size limit of the open database, for tests. */
  async setBytesMax(bytesMax: number): Promise<void> {
    await this.context.commits.write("setBytesMax", { bytesMax });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.context.claimWrites.writeCursors();
    // Without this write, which fails when the disk is full, the next start would continue from an earlier moment.
    await this.context.commits.write("markClock", momentOf(this.context.clock)).catch(() => {});
    await this.context.commits.close();
    await this.#database.reader.close();
    // The connection that is closed last copies the write-ahead log into the database. Only a writing one can do that.
    await this.#database.writer.close();
    this.#database.closed();
  }
}

async function* pagesOfSubscriptions(reader: Reader): AsyncGenerator<readonly StoredSubscription[]> {
  for (let afterId = 0; ;) {
    const page = await reader.call("loadSubscriptions", { afterId, limit: SUBSCRIPTIONS_PER_PAGE });
    yield page;
    const last = page.at(-1);
    if (last === undefined) return;
    afterId = last.id;
  }
}

function lossOfLog(file: string, state: "cut" | "missing"): string {
  const fault = state === "cut" ? "is cut off" : "is missing";
  return (
    `The last server on "${file}" did not stop cleanly, and the write-ahead log "${basename(file)}-wal" ${fault}. ` +
    "What was written last may be lost, such as accepted messages. Copy a database with `ringback backup`."
  );
}

function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Adds the name of the file to an error. The text of its cause depends on the query that failed. */
function openFailure(file: string, error: unknown): unknown {
  if (!(error instanceof RingbackError) || !(error.cause instanceof Error)) return error;
  return new RingbackError(error.code, `The database "${file}" cannot be opened: ${error.cause.message}`, {
    cause: error.cause,
  });
}
