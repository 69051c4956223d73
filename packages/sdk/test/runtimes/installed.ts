/**
 * The runtimes with which the SDK is tested: three older Nodes, Bun and Deno as npm packages, and the Node that runs
 * this program.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const runtimesFolder = join(import.meta.dirname, "../../runtimes");

export interface Runtime {
  readonly major: 20 | 22 | 24 | 26;
  /** The path of the version's program, whether or not the program exists. */
  readonly program: string;
  /** A sentence that says why the program cannot be used; null when it can. */
  readonly fault: string | null;
}

export function runtimes(): readonly Runtime[] {
  const older = ([20, 22, 24] as const).map((major) => olderRuntime(major));
  return [...older, { major: 26, program: process.execPath, fault: faultOfThisNode() }];
}

/** Bun and Deno. */
export interface OtherRuntime extends Omit<Runtime, "major"> {
  readonly name: string;
  /** The arguments before the program's file. */
  readonly args: readonly string[];
}

export function otherRuntimes(): readonly OtherRuntime[] {
  return [
    { name: "Bun", args: [], ...installed("bun", "Bun", "bin/bun") },
    { name: "Deno", args: ["run", "--node-modules-dir=manual", "-A"], ...installed("deno", "Deno", "deno") },
  ];
}

function olderRuntime(major: 20 | 22 | 24): Runtime {
  return { major, ...installed(`node-${major}`, `Node ${major}`, "bin/node") };
}

/** `label`: the runtime's name for people. `file`: the path of its program in its package. */
function installed(packageName: string, label: string, file: string): Omit<Runtime, "major"> {
  const name = `${packageName}-${process.platform}-${process.arch}`;
  const folder = join(runtimesFolder, "node_modules", name);
  const program = join(folder, process.platform === "win32" ? `${file}.exe` : file);
  const wanted = wantedVersions()[name];
  if (wanted === undefined) {
    return { program, fault: `${label}: packages/sdk/runtimes has none for ${process.platform}-${process.arch}.` };
  }
  const version = existsSync(program) ? versionIn(folder) : null;
  const fault = version === wanted ? null : `${label}: ${wanted} is not installed; "npm run runtimes" installs it.`;
  return { program, fault };
}

/** Versions by the names under which they are installed. */
function wantedVersions(): Readonly<Record<string, string>> {
  const { optionalDependencies } = JSON.parse(readFileSync(join(runtimesFolder, "package.json"), "utf8")) as {
    optionalDependencies: Record<string, string>;
  };
  return Object.fromEntries(
    Object.entries(optionalDependencies).map(([name, alias]) => [name, alias.slice(alias.lastIndexOf("@") + 1)]),
  );
}

/** Some of these packages write `v` before the version. */
function versionIn(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  return version.replace(/^v/, "");
}

function faultOfThisNode(): string | null {
  return process.version.startsWith("v26.") ? null : `Node 26: the tests run on ${process.version} instead.`;
}
