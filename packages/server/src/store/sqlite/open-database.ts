import { DatabaseSync } from "node:sqlite";
import { existsSync } from "node:fs";
import { RingbackError } from "../../domain/errors.ts";
import { APPLICATION_ID, migrations } from "./migrations.ts";

const PAGE_BYTES = 4096;
/**
 * Number of pages in the write-ahead log at which SQLite copies them into the database: 16 MiB, four times SQLite's
 * default. A page that changes often, such as the end of a log or the cursors, is then copied once for many commits.
 */
const CHECKPOINT_PAGES = 4000;
const WAL_BYTES_KEPT = 64 * 1024 * 1024;

export interface DatabaseLimits {
  /** Size of the database file past which writes fail with `storage_full`; 0: only the disk limits it. */
  readonly bytesMax: number;
  /** How long a write waits for another program's lock. */
  readonly busyMsMax: number;
}

/** Opens the only connection that writes. A commit returns when its data is on the disk. */
export function openForWriting(file: string, limits: DatabaseLimits): DatabaseSync {
  assertKnownSchema(file);
  const db = new DatabaseSync(file, { timeout: limits.busyMsMax, enableForeignKeyConstraints: false });
  db.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  db.exec(`PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`);
  db.exec("PRAGMA temp_store = MEMORY");
  db.exec("PRAGMA cache_size = -8000");
  migrate(db);
  setBytesMax(db, limits.bytesMax);
  return db;
}

/** Opens a connection that only reads. Reading and writing connections never wait for each other. */
export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5_000, readOnly: true });
  db.exec("PRAGMA cache_size = -4000");
  db.exec("PRAGMA temp_store = MEMORY");
  return db;
}

export function setBytesMax(db: DatabaseSync, bytesMax: number): void {
  // 0xfffffffe is SQLite's own limit.
  db.exec(`PRAGMA max_page_count = ${bytesMax === 0 ? 4294967294 : Math.max(1, Math.floor(bytesMax / PAGE_BYTES))}`);
}

/**
 * Refuses a database that this version cannot use. The check uses a separate, read-only connection, because a writing
 * connection changes the file when it opens or closes it.
 */
function assertKnownSchema(file: string): void {
  if (!existsSync(file)) return;
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const version = numberOf(db, "user_version");
    const application = numberOf(db, "application_id");
    const { tables } = db.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() as { tables: number };
    const isEmpty = application === 0 && version === 0 && tables === 0;
    if (!isEmpty && (application !== APPLICATION_ID || version < 1)) {
      throw new RingbackError(
        "storage_unavailable",
        `"${file}" belongs to another program, or to a Ringback from before the first release, and this version ` +
          "cannot use it. Give another --data folder.",
      );
    }
    if (version > migrations.length) {
      throw new RingbackError(
        "storage_unavailable",
        `The data folder was written by a newer Ringback (schema ${version}; this one knows ${migrations.length}). ` +
          "Start the newer version, or give another --data folder.",
      );
    }
  } finally {
    db.close();
  }
}

function migrate(db: DatabaseSync): void {
  for (let step = numberOf(db, "user_version"); step < migrations.length; step++) {
    db.exec("BEGIN IMMEDIATE");
    db.exec(migrations[step] as string);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${step + 1}`);
    db.exec("COMMIT");
  }
}

function numberOf(db: DatabaseSync, pragma: "user_version" | "application_id"): number {
  return Object.values(db.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>)[0] as number;
}
