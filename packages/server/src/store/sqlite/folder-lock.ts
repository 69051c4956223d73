import { DatabaseSync } from "node:sqlite";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RingbackError } from "../../domain/errors.ts";

/**
 * Keeps two servers out of one folder. The lock is an open exclusive transaction on a file of its own: the operating
 * system drops it with the process, however that ends, so there is never a stale lock to remove by hand.
 */
export interface FolderLock {
  release(): void;
}

export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true });
  const owner = join(folder, "ringback.pid");
  const db = new DatabaseSync(join(folder, "ringback.lock"), { timeout: 0 });
  try {
    db.exec("PRAGMA journal_mode = DELETE");
    db.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    db.close();
    throw new RingbackError(
      "storage_unavailable",
      `The data folder is in use by another Ringback${ownerText(owner)}. Stop that one, or give another --data folder.`,
      { cause },
    );
  }
  writeFileSync(owner, `${process.pid}\n`);
  return { release: () => db.close() };
}

function ownerText(file: string): string {
  try {
    return ` (process ${readFileSync(file, "utf8").trim()})`;
  } catch {
    return "";
  }
}
