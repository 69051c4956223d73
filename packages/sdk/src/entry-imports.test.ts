import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

/**
 * Matches `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")`. A statement that begins with
 * `import type` or `export type` is not matched, because it does not exist at run time.
 */
const specifiers =
  /^(?:import|export)\s(?!type\s)(?:[^"';]*?\sfrom\s)?\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;

function imported(source: string): string[] {
  return Array.from(source.matchAll(specifiers), ([, named, dynamic]) => named ?? dynamic ?? "");
}

/** The packages that a program loads with this file. */
function foreignImports(entry: string): Set<string> {
  const seen = new Set<string>();
  const foreign = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const specifier of imported(readFileSync(file, "utf8"))) {
      if (specifier.startsWith(".")) waiting.push(resolve(dirname(file), specifier));
      else foreign.add(specifier);
    }
  }
  return foreign;
}

const packageFolder = fileURLToPath(new URL("..", import.meta.url));
const { exports } = JSON.parse(readFileSync(resolve(packageFolder, "package.json"), "utf8")) as {
  exports: Record<string, { "ringback-source": string }>;
};
const entries = new Map(
  Object.entries(exports).map(([name, target]) => [name, resolve(packageFolder, target["ringback-source"])]),
);
for (const name of ["protocols", "hooks", "receive"]) {
  const file = resolve(packageFolder, "src", name, "index.ts");
  if (existsSync(file)) entries.set(`./${name}`, file);
}
const others = [...entries].filter(([name]) => !["./opencard", "./client", "."].includes(name));

describe("the modules that the SDK's sub-paths load", () => {
  it.each(others)("%s loads nothing but files of the SDK: no jose, nothing of Node's own", (_, entry) => {
    expect([...foreignImports(entry)]).toEqual([]);
  });

  it("./opencard loads jose and nothing else", () => {
    expect([...foreignImports(entries.get("./opencard") ?? "")]).toEqual([
      "jose/jwe/compact/decrypt",
      "jose/jwe/compact/encrypt",
    ]);
  });

  it.each([".", "./client"])("%s loads openapi-fetch and nothing else", (name) => {
    expect([...foreignImports(entries.get(name) ?? "")]).toEqual(["openapi-fetch"]);
  });

  it.each([
    ['import "a";', ["a"]],
    ['import a, { b } from "c";', ["c"]],
    ['import {\n  a,\n  b,\n} from "c";', ["c"]],
    ['export * from "a";\nexport { b } from "c";', ["a", "c"]],
    ['const a = await import("b");', ["b"]],
    ['import type { A } from "a";\nexport type { B } from "b";', []],
    ['export const a = "b";\nexport function c() { return "d"; }', []],
  ])("are found in %j", (source, expected) => {
    expect(imported(source)).toEqual(expected);
  });
});
