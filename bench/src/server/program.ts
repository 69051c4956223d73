import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Returns the arguments with which Node starts a server. If the server's package can be built, this builds it first, so
 * another checkout is measured as this one is.
 */
export function serverProgram(entry: string): readonly string[] {
  const build = join(dirname(entry), "../build.ts");
  if (!existsSync(build)) return ["--conditions=ringback-source", entry];
  execFileSync(process.execPath, [build], { stdio: "inherit" });
  return [entry];
}
