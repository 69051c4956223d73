import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CommandError } from "./command-error.ts";

/** Replaces a file that only its owner can read, whole or not at all. Creates its folder. */
export function writePrivateFile(path: string, text: string): void {
  const fresh = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(fresh, text, { mode: 0o600, flag: "wx" });
    // The umask may have taken rights from the owner.
    chmodSync(fresh, 0o600);
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`cannot write the file ${JSON.stringify(path)}: ${reason}`, { cause: error });
  }
}
