/**
 * `npm run runtimes`: installs the older Node versions, Bun and Deno, with which the SDK is tested. Does nothing when
 * they are installed.
 */

import { spawnSync } from "node:child_process";

import { otherRuntimes, runtimes, runtimesFolder } from "./installed.ts";

const older = (): readonly { readonly fault: string | null }[] => [
  ...runtimes().filter(({ major }) => major !== 26),
  ...otherRuntimes(),
];
const missing = older().filter(({ fault }) => fault !== null);
if (missing.length > 0) {
  console.error("Installing the older Nodes, Bun and Deno that the SDK is tested on (about 100 MB each, once) …");
  const args = ["ci", "--prefix", runtimesFolder, "--no-audit", "--no-fund", "--loglevel=error"];
  // Uses the npm that runs this script, if any, because another npm may be on the PATH.
  const npm = process.env["npm_execpath"];
  const { status } =
    npm === undefined
      ? spawnSync("npm", args, { stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" })
      : spawnSync(process.execPath, [npm, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const faults = older().flatMap(({ fault }) => fault ?? []);
  if (status !== 0 || faults.length > 0) {
    console.error(["The runtimes could not be installed.", ...faults].join("\n"));
    process.exitCode = 1;
  }
}
