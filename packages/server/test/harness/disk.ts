import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Simulates a full disk for a running server, without root rights. The kernel refuses every write beyond `bytesMax` in
 * any file of the server. Null allows writes again. Uses `prlimit` of Linux's util-linux.
 */
export async function limitFileSize(folder: string, bytesMax: number | null): Promise<void> {
  const pid = readFileSync(join(folder, "ringback.pid"), "utf8").trim();
  await run("prlimit", ["--pid", pid, `--fsize=${bytesMax ?? "unlimited"}:`]);
}
