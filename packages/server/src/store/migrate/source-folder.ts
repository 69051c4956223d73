import { existsSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { RingbackError } from "../../domain/errors.ts";
import { lockFolder } from "../sqlite/folder-lock.ts";
import { openForReading, openForWriting } from "../sqlite/open-database.ts";
import { MoveRefusal } from "./move-refusal.ts";

const BUSY_MS_MAX = 5_000;

/** The folder of a server that has been stopped: as long as it is open here, no server can start on it. */
export interface SourceFolder extends Disposable {
  readonly db: DatabaseSync;
  /** Another one for another folder, and for this one after a server has been started on it. */
  readonly identity: string;
}

export function openSource(folder: string): SourceFolder {
  const file = join(folder, "ringback.db");
  // The lock would make a folder that is not there.
  if (!existsSync(file)) throw new MoveRefusal("no_source", `There is no Ringback database in the folder "${folder}".`);
  const lock = lockFolder(folder);
  try {
    // An older version's schema is brought up to date, and what a crash has left beside the file comes home.
    openForWriting(file, { bytesMax: 0, busyMsMax: BUSY_MS_MAX }).close();
    const db = openForReading(file);
    return {
      db,
      identity: readIdentity(db),
      [Symbol.dispose]() {
        db.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    if (error instanceof RingbackError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new RingbackError("storage_unavailable", `The database "${file}" cannot be opened: ${reason}`, {
      cause: error,
    });
  }
}

/** Every start of a server counts itself; the rest tells folders apart. */
function readIdentity(db: DatabaseSync): string {
  const { identity } = db
    .prepare(
      `SELECT (SELECT count FROM start) || '.' || (SELECT coalesce(min(created_at), 0) FROM account) || '.' ||
         (SELECT coalesce(max(id), 0) FROM message) || '.' || (SELECT coalesce(max(id), 0) FROM attempt) AS identity`,
    )
    .get() as { identity: string };
  return identity;
}
