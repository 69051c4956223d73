import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { RingbackError } from "../../domain/errors.ts";
import { assertKnownSchema, openForReading } from "./open-database.ts";
import { createPrivate } from "./private-files.ts";

/** All pages in one step. Between two steps a server may write, and SQLite would then begin again. */
const PAGES_PER_STEP = 2 ** 31 - 1;

export interface Backup {
  readonly bytes: number;
}

/**
 * Copies the database of a folder into a new file, also while a server uses the folder. The copy has everything that
 * was committed before the call, and it can be used as the `ringback.db` of a new folder. While the copy is made, the
 * write-ahead log of the server cannot be emptied.
 *
 * The copy is written under another name and appears under its own name when it is complete and on the disk.
 */
export async function backUp(folder: string, target: string, stop: AbortSignal): Promise<Backup> {
  const source = join(folder, "ringback.db");
  if (!existsSync(source)) throw refusal(`There is no Ringback database in the folder "${folder}".`);
  assertNew(target);
  const partial = join(dirname(target), `.${basename(target)}.${process.pid}.partial`);
  const removePartial = (): void => {
    for (const ending of ["", "-wal", "-shm", "-journal"]) rmSync(partial + ending, { force: true });
  };
  try {
    createPrivate(partial);
    await copyPages(source, partial, stop);
    finishCopy(partial);
    publish(partial, target);
    return { bytes: statSync(target).size };
  } catch (error) {
    throw error instanceof RingbackError ? error : failure(target, error);
  } finally {
    removePartial();
  }
}

async function copyPages(source: string, partial: string, stop: AbortSignal): Promise<void> {
  assertKnownSchema(source);
  const db = openForReading(source);
  try {
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const onStop = (): void => reject(refusal("The backup was stopped. No file was written."));
    stop.addEventListener("abort", onStop);
    if (stop.aborted) onStop();
    await Promise.race([backup(db, partial, { rate: PAGES_PER_STEP }), stopped]);
    stop.removeEventListener("abort", onStop);
  } finally {
    // After a stop SQLite still reads from the connection, until the process ends.
    if (!stop.aborted) db.close();
  }
}

/** Checks the copy, and marks it as the database of a server that has stopped. */
function finishCopy(partial: string): void {
  const db = new DatabaseSync(partial, { enableForeignKeyConstraints: false });
  try {
    const { quick_check: result } = db.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
    if (result !== "ok") throw refusal(`The database is damaged, so no backup was written: ${result}`);
    const marks = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'running'").get();
    // A database that no server has used yet has no tables.
    if (marks !== undefined) db.exec("DELETE FROM running");
  } finally {
    db.close();
  }
  synchronize(partial);
}

/** Gives the copy its name. Unlike a rename, a link never replaces a file that has appeared meanwhile. */
function publish(partial: string, target: string): void {
  try {
    linkSync(partial, target);
  } catch (error) {
    assertNew(target);
    // Some file systems, such as FAT, have no links.
    if (!["EPERM", "ENOTSUP", "ENOSYS"].includes(String((error as NodeJS.ErrnoException).code))) throw error;
    renameSync(partial, target);
  }
  // Windows cannot synchronize folders.
  if (process.platform !== "win32") synchronize(dirname(target));
}

function synchronize(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function assertNew(target: string): void {
  if (existsSync(target)) throw refusal(`"${target}" exists already, and a backup never overwrites a file.`);
}

function refusal(sentence: string): RingbackError {
  return new RingbackError("storage_unavailable", sentence);
}

function failure(target: string, cause: unknown): RingbackError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RingbackError("storage_unavailable", `The backup "${target}" cannot be written: ${reason}`, { cause });
}
