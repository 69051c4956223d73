import { DatabaseSync } from "node:sqlite";
import { existsSync } from "node:fs";
import { RingbackError } from "../../domain/errors.ts";
import { PAGE_BYTES } from "./disk-budget.ts";
import { APPLICATION_ID, migrations } from "./migrations.ts";

export interface DatabaseLimits {
  /** Size of the database and its log past which writes fail with `storage_full`; 0: only the disk limits it. */
  readonly bytesMax: number;
  /** How long a write waits for another program's lock. */
  readonly busyMsMax: number;
}

/** Opens the only connection that writes. A commit returns when its data is on the disk. */
export function openForWriting(file: string, { busyMsMax }: Pick<DatabaseLimits, "busyMsMax">): DatabaseSync {
  assertKnownSchema(file);
  const db = new DatabaseSync(file, { timeout: busyMsMax, enableForeignKeyConstraints: false });
  db.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec("PRAGMA temp_store = MEMORY");
  db.exec("PRAGMA cache_size = -8000");
  migrate(db);
  return db;
}

/** Opens a connection that only reads. Reading and writing connections never wait for each other. */
export function openForReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 5_000, readOnly: true });
  db.exec("PRAGMA cache_size = -4000");
  db.exec("PRAGMA temp_store = MEMORY");
  return db;
}

/**
 * Refuses a database that this version cannot use. The check uses a separate, read-only connection, because a writing
 * connection changes the file when it opens or closes it.
 */
export function assertKnownSchema(file: string): void {
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
