import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
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
 * `master.key`, then the keys that it has replaced. Without a configured key and without the file, makes a key and
 * writes the file. The caller must hold the folder's lock. Throws `storage_unavailable` if a file cannot be used.
 */
export function masterKeysOf(folder: string, configured: readonly string[], log: Log): readonly string[] {
  const file = join(folder, fileName);
  const stored = readKey(file);
  if (stored !== null) return [...configured, stored, ...replacedKeys(folder)];
  if (configured.length > 0) return configured;
  const made = newKey();
  writeKey(folder, file, made, linkNew);
  log.info(
    { file },
    "made a master key, which encrypts keys and push headers in the database; keep a copy of the file",
  );
  return [made];
}

/**
 * Makes another master key, which takes the place of the one in the file `master.key`. The old key stays beside it as
 * `master.key.1`, `master.key.2` and so on, because secrets are still encrypted with it. Returns null if the folder has
 * no such file. The caller must hold the folder's lock. Throws `storage_unavailable`.
 */
export function replaceMasterKey(folder: string): string | null {
  const file = join(folder, fileName);
  if (readKey(file) === null) return null;
  const made = newKey();
  writeKey(folder, file, made, (unfinished) => {
    let number = 1;
    while (existsSync(`${file}.${number}`)) number++;
    linkSync(file, `${file}.${number}`);
    syncFolder(folder);
    renameSync(unfinished, file);
  });
  return made;
}

const newKey = (): string => randomBytes(32).toString("base64url");

/** The newest first. */
function replacedKeys(folder: string): readonly string[] {
  const numbers = readdirSync(folder).flatMap((name) => /^master\.key\.(\d+)$/.exec(name)?.[1] ?? []);
  const files = numbers.map(Number).toSorted((one, other) => other - one);
  return files.flatMap((number) => readKey(join(folder, `${fileName}.${number}`)) ?? []);
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

/** An existing file is never replaced. */
function linkNew(unfinished: string, file: string): void {
  linkSync(unfinished, file);
  rmSync(unfinished);
}

/** `publish` gives the file its name. By then its content is on the disk. */
function writeKey(
  folder: string,
  file: string,
  key: string,
  publish: (unfinished: string, file: string) => void,
): void {
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
    publish(unfinished, file);
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
