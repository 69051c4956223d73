import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { alignedTable } from "../report/aligned-table.ts";
import { selfTimes } from "./self-time.ts";
import type { CpuProfile, SelfTime } from "./self-time.ts";
import { withSourcePositions } from "./source-positions.ts";

const functionsShown = 40;
const sourcesShown = 15;
const NAME_CHARS_MAX = 110;
const NAME_COLUMN = new Set([2]);

/** Prints the profiles that one server wrote, as text with two tables per thread. */
export function profileReport(folder: string): string {
  const files = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  return files
    .sort(byThread)
    .map((file) => threadReport(join(folder, file), threadOf(file)))
    .join("\n\n");
}

/** The thread in a file name `CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile`; 0 is the main thread. */
function threadOf(file: string): number {
  return Number(file.split(".").at(-3));
}

function byThread(a: string, b: string): number {
  return threadOf(a) - threadOf(b) || a.localeCompare(b);
}

function threadReport(file: string, thread: number): string {
  const profile: CpuProfile = JSON.parse(readFileSync(file, "utf8"));
  const { busyMs, idleMs, functions, sources } = selfTimes(withSourcePositions(profile));
  const name = thread === 0 ? "main thread" : `worker ${thread}`;
  return [
    `${name}: busy ${busyMs.toFixed(0)} ms, idle ${idleMs.toFixed(0)} ms (${file})`,
    table("source", sources.slice(0, sourcesShown)),
    table("function", functions.slice(0, functionsShown)),
  ].join("\n\n");
}

function table(heading: string, rows: readonly SelfTime[]): string {
  return alignedTable(
    ["self ms", "%", heading],
    rows.map(({ name, ms, share }) => [ms.toFixed(1), (share * 100).toFixed(1), name.slice(0, NAME_CHARS_MAX)]),
    NAME_COLUMN,
  );
}
