import { spawnSync } from "node:child_process";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..");

/** Runs npm in the repository, and shows its output. Ends the program when npm fails. */
export function npm(...args: readonly string[]): void {
  // Uses the npm that runs this script, if any, because another npm may be on the PATH.
  const program = process.env["npm_execpath"];
  const { status } =
    program === undefined
      ? spawnSync("npm", args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" })
      : spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
