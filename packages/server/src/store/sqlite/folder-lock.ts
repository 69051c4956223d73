import { DatabaseSync } from "node:sqlite";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { RingbackError } from "../../domain/errors.ts";
import { createPrivate } from "./private-files.ts";

/**
 * Prevents a second server from using the folder until the returned function is called. The lock is an open exclusive
 * SQLite transaction on a separate file. The operating system releases the lock when the process ends for any reason,
 * so there are no stale locks.
 */
export function lockFolder(folder: string): () => void {
  const owner = join(folder, "ringback.pid");
  let db: DatabaseSync;
  try {
    makeFolder(resolve(folder));
    createPrivate(join(folder, "ringback.lock"));
    db = new DatabaseSync(join(folder, "ringback.lock"), { timeout: 0 });
  } catch (error) {
    throw unusable(folder, error);
  }
  try {
    db.exec("PRAGMA journal_mode = DELETE");
    db.exec("BEGIN EXCLUSIVE");
    createPrivate(owner);
    writeFileSync(owner, `${process.pid}\n`);
  } catch (error) {
    db.close();
    throw isBusy(error) ? inUse(owner, error) : unusable(folder, error);
  }
  return () => db.close();
}

/**
 * Node's recursive mkdir loops for ever where the system returns ENOENT although the parent exists, such as in /proc.
 */
function makeFolder(folder: string): void {
  const known = statSync(folder, { throwIfNoEntry: false });
  if (known?.isDirectory() === true) return;
  if (known !== undefined) throw new Error("it is a file");
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  // The low byte of an extended result code is the primary result code.
  return code !== undefined && (code & 0xff) === SQLITE_BUSY;
}

function inUse(owner: string, cause: unknown): RingbackError {
  return new RingbackError(
    "storage_unavailable",
    `The data folder is in use by another Ringback${ownerText(owner)}. Stop that one, or give another --data folder.`,
    { cause },
  );
}

export function unusable(folder: string, cause: unknown): RingbackError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RingbackError("storage_unavailable", `The data folder "${folder}" cannot be used: ${reason}`, { cause });
}

function ownerText(file: string): string {
  try {
    return ` (process ${readFileSync(file, "utf8").trim()})`;
  } catch {
    return "";
  }
}
