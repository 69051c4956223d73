import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Returns the path of npm's own program, so that any Node can run it. */
export async function npmProgram(): Promise<string> {
  const program = process.env["npm_execpath"];
  if (program !== undefined) return program;
  const { stdout } = await run("sh", ["-c", "command -v npm"]);
  return realpath(stdout.trim());
}

/** Returns the environment without what npm and the test's own Node have added to it. */
export function userEnvironment(): NodeJS.ProcessEnv {
  const added = /^(?:npm_(?!config_(?:registry|cafile|userconfig|cache)$)|NODE_OPTIONS$|NODE_ENV$|VITEST|INIT_CWD$)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !added.test(name)));
}
