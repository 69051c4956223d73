import { execFileSync } from "node:child_process";

/** Runs the npm that runs this script, because another npm may be on the PATH. Returns what it prints. */
export function npm(cwd: string, ...args: readonly string[]): string {
  const program = process.env["npm_execpath"];
  const stdio: ("ignore" | "pipe" | "inherit")[] = ["ignore", "pipe", "inherit"];
  const options = { cwd, encoding: "utf8" as const, stdio, maxBuffer: 64 * 1024 * 1024 };
  if (program === undefined) return execFileSync("npm", [...args], options);
  return execFileSync(process.execPath, [program, ...args], options);
}
