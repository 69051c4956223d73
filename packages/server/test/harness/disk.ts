import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Makes the disk fail for a running server, without special rights. The kernel refuses every write that extends a file
 * of the server beyond `bytesMax` bytes. `bytesMax` null: allows writes again. Uses `prlimit` of Linux's util-linux.
 */
export async function limitFileSize(folder: string, bytesMax: number | null): Promise<void> {
  const pid = readFileSync(join(folder, "ringback.pid"), "utf8").trim();
  await run("prlimit", ["--pid", pid, `--fsize=${bytesMax ?? "unlimited"}:`]);
}
