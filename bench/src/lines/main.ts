/**
 * Prints the lines of code per room, that is, per folder of a package that serves one purpose.
 * `npm run lines -- [repository] [--json]` reads this repository when no other is given.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { alignedTable } from "../report/aligned-table.ts";
import { linesOfCode } from "./lines-of-code.ts";
import { kindOf, roomOf } from "./rooms.ts";
import type { Kind } from "./rooms.ts";

type Lines = Record<Kind, number>;

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const ROOTS = ["packages", "bench"];
const IGNORED = new Set(["node_modules", "dist", "results"]);
const LANGUAGES = { ".ts": "ts", ".sql": "sql" } as const;

function linesByRoom(repository: string): Map<string, Lines> {
  const rooms = new Map<string, Lines>();
  for (const root of ROOTS) {
    for (const path of filesBelow(repository, root)) {
      const language = Object.entries(LANGUAGES).find(([ending]) => path.endsWith(ending))?.[1];
      if (language === undefined) continue;
      const room = roomOf(path);
      const lines = rooms.get(room) ?? { shipped: 0, tests: 0, harness: 0 };
      lines[kindOf(path)] += linesOfCode(readFileSync(join(repository, path), "utf8"), language);
      rooms.set(room, lines);
    }
  }
  return new Map([...rooms].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function filesBelow(repository: string, folder: string): string[] {
  return readdirSync(join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return IGNORED.has(entry.name) ? [] : filesBelow(repository, path);
    return entry.isFile() ? [path] : [];
  });
}

function table(rooms: ReadonlyMap<string, Lines>): string {
  const total: Lines = { shipped: 0, tests: 0, harness: 0 };
  for (const lines of rooms.values()) {
    for (const kind of ["shipped", "tests", "harness"] as const) total[kind] += lines[kind];
  }
  const rows = [...rooms, ["total", total] as const].map(([room, { shipped, tests, harness }]) => {
    const counts = [shipped, tests, harness, shipped + tests + harness];
    return [room, ...counts.map((count) => count.toLocaleString("en"))];
  });
  return alignedTable(["room", "shipped", "tests", "harness", "all"], rows, new Set([0]));
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "boolean" } } });
const rooms = linesByRoom(positionals[0] ?? REPOSITORY);
process.stdout.write(`${values.json === true ? JSON.stringify(Object.fromEntries(rooms), null, 2) : table(rooms)}\n`);
