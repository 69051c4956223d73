import { createRequire } from "node:module";
import type * as Yaml from "yaml";
import { isExactNumber } from "../exact-json.ts";
import { printableText } from "../printable.ts";

/** Loaded only when needed: the parser takes a while. */
const load = createRequire(import.meta.url);

/** Writes one resource for people, as YAML. Members that are null are left out, because they say nothing. */
export function viewText(view: unknown): string {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `require` has no types
  const { stringify } = load("yaml") as typeof Yaml;
  return printableText(stringify(withoutNull(view), { lineWidth: 0 }).trimEnd());
}

function withoutNull(value: unknown): unknown {
  if (isExactNumber(value)) return BigInt(value.rawJSON);
  if (Array.isArray(value)) return value.map(withoutNull);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => (member === null ? [] : [[name, withoutNull(member)]])),
  );
}
