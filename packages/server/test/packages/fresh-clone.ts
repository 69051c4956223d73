import { execFile } from "node:child_process";
import { cp, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { npmProgram, userEnvironment } from "./npm.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const notInClones = new Set(["node_modules", "dist", "artifacts", ".git", "ringback-data"]);

/** Copies the repository as a clone has it: without builds. */
export async function copyClone(folder: string): Promise<void> {
  await cp(root, folder, { recursive: true, filter: (path) => !notInClones.has(basename(path)) });
}

/** Packs both packages in a fresh clone. Returns the folder of the archives. The clone uses the installed packages. */
export async function packFreshClone(folder: string): Promise<string> {
  const [clone, archives] = [join(folder, "clone"), join(folder, "archives")];
  await copyClone(clone);
  await symlink(join(root, "node_modules"), join(clone, "node_modules"), "junction");
  const env = { ...userEnvironment(), npm_execpath: await npmProgram() };
  await run(process.execPath, [join(clone, "packaging/pack.ts"), archives], { cwd: clone, env });
  return archives;
}
