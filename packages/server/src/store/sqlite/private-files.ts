import { chmodSync, closeSync, existsSync, lstatSync, openSync, readdirSync, statSync, type Stats } from "node:fs";
import { join } from "node:path";

/** The files that a server creates in its data folder. SQLite gives its journals the mode of the database. */
const ownFiles: ReadonlySet<string> = new Set([
  "ringback.db",
  "ringback.db-wal",
  "ringback.db-shm",
  "ringback.db-journal",
  "ringback.lock",
  "ringback.lock-journal",
  "ringback.pid",
  "master.key",
  "master.key.new",
]);
/** Master keys that were replaced. */
const oldMasterKey = /^master\.key\.\d+$/;
const isOwn = (name: string): boolean => ownFiles.has(name) || oldMasterKey.test(name);

const OTHERS = 0o077;

/** Creates an empty file that only its owner can read, whatever the umask is. An existing file stays as it is. */
export function createPrivate(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
}

/**
 * Takes the rights of other users from the files of a data folder, and from the folder if it contains nothing else. The
 * folder may be one that other programs use too, such as a home folder or the root of a volume, so it is then left
 * alone. Returns sentences about what was changed, and about what others can still read.
 */
export function makePrivate(folder: string): readonly string[] {
  // Windows has no such modes.
  if (process.platform === "win32") return [];
  const sentences: string[] = [];
  const names = readdirSync(folder);
  for (const name of names) if (isOwn(name)) sentences.push(...restrict(join(folder, name), 0o600, "file"));
  if (names.every(isOwn)) sentences.push(...restrict(folder, 0o700, "folder"));
  else if (isShared(statSync(folder))) {
    sentences.push(
      `Other users of this machine have rights on the data folder "${folder}", which also contains other files. ` +
        "The data itself is private. Use a folder of its own, or run chmod 700.",
    );
  }
  return sentences;
}

function restrict(path: string, mode: number, kind: "file" | "folder"): readonly string[] {
  const found = kind === "folder" ? statSync(path) : lstatSync(path, { throwIfNoEntry: false });
  if (!isShared(found)) return [];
  const octal = mode.toString(8);
  try {
    chmodSync(path, mode);
    return [`Other users of this machine had rights on the ${kind} "${path}". Its mode is now ${octal}.`];
  } catch {
    return [
      `Other users of this machine have rights on the ${kind} "${path}", and this user may not change that. ` +
        `Its owner can run chmod ${octal}.`,
    ];
  }
}

/**
 * A file that has just disappeared counts as private. A symbolic link does too: what it leads to may belong to others,
 * such as a mounted secret.
 */
function isShared(found: Stats | undefined): boolean {
  return found !== undefined && !found.isSymbolicLink() && (found.mode & OTHERS) !== 0;
}
