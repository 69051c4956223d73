import { RingbackError } from "../../domain/errors.ts";

/** By the pointer of each subschema: the subschemas that are applied to the same value. */
export type References = Map<string, { readonly pointer: string; readonly refersTo: readonly string[] }>;

/**
 * Refuses references to places that are no schemas, and circles that apply a schema to the same value again, because a
 * check would never end. Circles that go down into the value are allowed: a tree has such a schema.
 */
export function assertEndingReferences(references: References): void {
  const ended = new Set<string>();
  const open = new Set<string>();
  const visit = (pointer: string, from: string): void => {
    if (ended.has(pointer)) return;
    const found = references.get(pointer);
    if (found === undefined) throw fault(from, `there is no schema at "#${pointer.slice(0, 200)}"`);
    if (open.has(pointer)) throw fault(from, `"#${pointer}" refers to itself without an end`);
    open.add(pointer);
    for (const next of found.refersTo) visit(next, pointer);
    open.delete(pointer);
    ended.add(pointer);
  };
  for (const pointer of references.keys()) visit(pointer, pointer);
}

function fault(pointer: string, sentence: string): RingbackError {
  return RingbackError.at("invalid_schema", "schema", `at "${pointer.slice(0, 200)}": ${sentence}`);
}
