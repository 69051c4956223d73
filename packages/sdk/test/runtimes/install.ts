/**
 * `npm run runtimes`: installs the older Node versions with which the SDK is tested. Does nothing when they are
 * installed.
 */

import { spawnSync } from "node:child_process";

import { runtimes, runtimesFolder } from "./installed.ts";

const missing = runtimes().filter(({ major, fault }) => major !== 26 && fault !== null);
if (missing.length > 0) {
  console.error("Installing the older Nodes that the SDK is tested on (about 100 MB each, once) …");
  const args = ["ci", "--prefix", runtimesFolder, "--no-audit", "--no-fund", "--loglevel=error"];
  // Uses the npm that runs this script, if any, because another npm may be on the PATH.
  const npm = process.env["npm_execpath"];
  const { status } =
    npm === undefined
      ? spawnSync("npm", args, { stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" })
      : spawnSync(process.execPath, [npm, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const faults = runtimes().flatMap(({ major, fault }) => (major === 26 || fault === null ? [] : [fault]));
  if (status !== 0 || faults.length > 0) {
    console.error(["The older Nodes could not be installed.", ...faults].join("\n"));
    process.exitCode = 1;
  }
}
