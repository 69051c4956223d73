import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { alignedTable } from "../report/table.ts";
import { selfTimes } from "./self-time.ts";
import type { CpuProfile, SelfTime } from "./self-time.ts";

const functionsShown = 40;
const placesShown = 15;
const NAME_CHARS_MAX = 110;
const NAME_COLUMN = new Set([2]);

/** The profiles that one server left, a table per thread, as text. */
export function profileReport(folder: string): string {
  const files = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  return files
    .sort(byThread)
    .map((file) => threadReport(join(folder, file), threadOf(file)))
    .join("\n\n");
}

/** Node names them CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile; thread 0 is the main one. */
function threadOf(file: string): number {
  return Number(file.split(".").at(-3));
}

function byThread(a: string, b: string): number {
  return threadOf(a) - threadOf(b) || a.localeCompare(b);
}

function threadReport(file: string, thread: number): string {
  const profile: CpuProfile = JSON.parse(readFileSync(file, "utf8"));
  const { busyMs, idleMs, functions, places } = selfTimes(profile);
  return [
    `${thread === 0 ? "main thread" : `worker ${thread}`}: busy ${busyMs.toFixed(0)} ms, idle ${idleMs.toFixed(0)} ms (${file})`,
    table("place", places.slice(0, placesShown)),
    table("function", functions.slice(0, functionsShown)),
  ].join("\n\n");
}

function table(what: string, rows: readonly SelfTime[]): string {
  return alignedTable(
    ["self ms", "%", what],
    rows.map(({ name, ms, share }) => [ms.toFixed(1), (share * 100).toFixed(1), name.slice(0, NAME_CHARS_MAX)]),
    NAME_COLUMN,
  );
}
