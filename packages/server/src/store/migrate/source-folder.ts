import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { RingbackError } from "../../domain/errors.ts";
import { lockFolder } from "../sqlite/folder-lock.ts";
import { openForReading, openForWriting } from "../sqlite/open-database.ts";
import { MoveRefusal } from "./move-refusal.ts";

const BUSY_MS_MAX = 5_000;

/** The folder of a stopped server. While the folder is open here, no server can start on it. */
export interface SourceFolder extends Disposable {
  readonly db: DatabaseSync;
  /** Differs for every folder, and changes when a server is started on the folder. */
  readonly identity: string;
}

export function openSource(folder: string): SourceFolder {
  const file = join(folder, "ringback.db");
  // Checked first, because locking creates the folder.
  if (!existsSync(file)) throw new MoveRefusal("no_source", `There is no Ringback database in the folder "${folder}".`);
  const unlock = lockFolder(folder);
  try {
    // Migrates an older schema, and checkpoints a write-ahead log that a crash has left.
    openForWriting(file, { busyMsMax: BUSY_MS_MAX }).close();
    const db = openForReading(file);
    return {
      db,
      identity: readIdentity(db),
      [Symbol.dispose]() {
        db.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    if (error instanceof RingbackError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new RingbackError("storage_unavailable", `The database "${file}" cannot be opened: ${reason}`, {
      cause: error,
    });
  }
}

/** The number of starts changes with every start of a server; the other numbers differ between folders. */
function readIdentity(db: DatabaseSync): string {
  const { identity } = db
    .prepare(
      `SELECT (SELECT count FROM start) || '.' || (SELECT coalesce(min(created_at), 0) FROM account) || '.' ||
         (SELECT coalesce(max(id), 0) FROM message) || '.' || (SELECT coalesce(max(id), 0) FROM attempt) AS identity`,
    )
    .get() as { identity: string };
  return identity;
}
