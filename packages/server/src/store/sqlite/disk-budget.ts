import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

export const PAGE_BYTES = 4096;
/**
 * Number of pages in the write-ahead log at which SQLite copies them into the database: 16 MiB, four times SQLite's
 * default. A page that changes often, such as the end of a log or the cursors, is then copied once for many commits.
 */
const CHECKPOINT_PAGES = 4000;
const CHECKPOINT_PAGES_MIN = 64;
/** Share of a limited size that the write-ahead log normally uses. */
const LOG_SHARE = 1 / 4;
/**
 * Size of the write-ahead log past which writes are refused. The log grows so far only while another program reads the
 * database for long, such as a backup, because a log that is being read cannot be emptied.
 */
const LOG_BYTES_MAX = 1024 ** 3;
/** How long a write waits for the reads of this process, so that it can empty the write-ahead log. */
const READ_MS_MAX = 200;
const SQLITE_FULL = 13;

/** Keeps a database and its write-ahead log within their size. One transaction may exceed it, and is the last one. */
export class DiskBudget {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #busyMsMax: number;
  #bytesMax = 0;

  /** `bytesMax`: size of the database and its log; 0: only the disk limits the database. */
  constructor(db: DatabaseSync, file: string, { bytesMax, busyMsMax }: { bytesMax: number; busyMsMax: number }) {
    this.#db = db;
    this.#file = file;
    this.#busyMsMax = busyMsMax;
    this.setBytesMax(bytesMax);
  }

  setBytesMax(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    const pagesMax = bytesMax === 0 ? Infinity : Math.floor(bytesMax / PAGE_BYTES);
    // 0xfffffffe is SQLite's own limit.
    this.#db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.min(pagesMax, 4294967294))}`);
    const logPages = Math.floor(Math.min(CHECKPOINT_PAGES, Math.max(CHECKPOINT_PAGES_MIN, pagesMax * LOG_SHARE)));
    this.#db.exec(`PRAGMA wal_autocheckpoint = ${logPages}`);
    // A larger log, from a time when it could not be emptied, is cut to this size.
    this.#db.exec(`PRAGMA journal_size_limit = ${logPages * PAGE_BYTES}`);
  }

  /** Called before each transaction. Throws SQLite's error of a full disk. */
  assertRoom(): void {
    if (this.#hasRoom()) return;
    this.#db.exec(`PRAGMA busy_timeout = ${Math.min(READ_MS_MAX, this.#busyMsMax)}`);
    try {
      this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${this.#busyMsMax}`);
    }
    if (this.#hasRoom()) return;
    const reason =
      "another program reads the database, so its write-ahead log cannot be emptied and has become too large";
    throw Object.assign(new Error(reason), { errcode: SQLITE_FULL });
  }

  #hasRoom(): boolean {
    const logBytes = fileBytes(`${this.#file}-wal`);
    // With an empty log, `max_page_count` limits the size.
    if (logBytes === 0) return true;
    if (this.#bytesMax === 0) return logBytes <= LOG_BYTES_MAX;
    return logBytes + fileBytes(this.#file) <= this.#bytesMax;
  }
}

function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
