import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { RingbackError } from "../domain/errors.ts";

const fileName = "master.key";
/** 32 bytes in base64url. The last character has only four significant bits. */
const keyForm = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
/** A key is shorter. A device has no end. */
const fileBytesMax = 1024;

interface Log {
  info(fields: object, message: string): void;
}

/**
 * Returns the master keys of a server whose database is in the folder: the configured ones, then the key in the file
 * `master.key`. Without a configured key and without the file, makes a key and writes the file. The caller must hold
 * the folder's lock. Throws `storage_unavailable` if the file cannot be used.
 */
export function masterKeysOf(folder: string, configured: readonly string[], log: Log): readonly string[] {
  const file = join(folder, fileName);
  const stored = readKey(file);
  if (stored !== null) return [...configured, stored];
  if (configured.length > 0) return configured;
  const made = randomBytes(32).toString("base64url");
  writeKey(folder, file, made);
  log.info(
    { file },
    "made a master key, which encrypts keys and push headers in the database; keep a copy of the file",
  );
  return [made];
}

/** Returns the path of the file that contains the folder's own master key; null: there is no such file. */
export function masterKeyFileOf(folder: string): string | null {
  const file = join(folder, fileName);
  return existsSync(file) ? file : null;
}

/** Returns null if there is no such file. */
function readKey(file: string): string | null {
  let text: string;
  try {
    const found = statSync(file);
    if (!found.isFile() || found.size > fileBytesMax) throw new Error("it is not a small file");
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw unusable(file, error instanceof Error ? error.message : String(error), error);
  }
  if (!keyForm.test(text)) throw unusable(file, "it does not contain 32 bytes in base64url");
  return text;
}

/** The file appears under its name only when its content is on the disk. An existing file is never replaced. */
function writeKey(folder: string, file: string, key: string): void {
  const unfinished = `${file}.new`;
  try {
    rmSync(unfinished, { force: true });
    const opened = openSync(unfinished, "wx", 0o600);
    try {
      writeFileSync(opened, `${key}\n`);
      fsyncSync(opened);
    } finally {
      closeSync(opened);
    }
    linkSync(unfinished, file);
    rmSync(unfinished);
    syncFolder(folder);
  } catch (error) {
    throw unusable(file, `it cannot be written: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** Without this, a power failure could remove the file although the database already has secrets that need the key. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const opened = openSync(folder, "r");
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

function unusable(file: string, reason: string, cause?: unknown): RingbackError {
  return new RingbackError(
    "storage_unavailable",
    `The file of the master key "${file}" cannot be used: ${reason}. Restore the file from a copy. If there is no copy, ` +
      "delete the file: the server then makes a new master key, and every stored key and push header must be put again.",
    { cause },
  );
}
