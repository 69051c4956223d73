/**
 * Compiles the SDK twice: ES modules, and CommonJS for programs and test runners that cannot load ES modules with
 * `require`. The only argument: the folder to write to; default: `dist`.
 */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const sdk = import.meta.dirname;
const folder = resolve(process.argv[2] ?? join(sdk, "dist"));
const compiler = join(sdk, "../../node_modules/typescript/bin/tsc");

compile("tsconfig.build.json", folder);
compile("tsconfig.commonjs.json", join(folder, "commonjs"));
writeFileSync(join(folder, "commonjs", "package.json"), '{ "type": "commonjs" }\n');

function compile(project: string, outDir: string): void {
  const args = [compiler, "-p", join(sdk, project), "--outDir", outDir];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
