import { anyCase, type Schema } from "./shape-check.ts";

/**
 * Returns a copy of the target to which the merge patch (RFC 7396) is applied. A null in the patch removes a member.
 * The arguments stay unchanged. `schema`: the schema of the target, which says whose names are without case.
 */
export function mergePatch(target: unknown, patch: unknown, schema: Schema = {}): unknown {
  if (!isObject(patch)) return patch;
  const members = new Map(isObject(target) ? Object.entries(target) : []);
  if (schema[anyCase] === true) removeRespelled(members, Object.keys(patch));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, mergePatch(members.get(name), value, schema.properties?.[name]));
  }
  return Object.fromEntries(members);
}

/** Removes the members that the patch names in another spelling only. The patch's member, if any, takes its place. */
function removeRespelled(members: Map<string, unknown>, patched: readonly string[]): void {
  const lowerCase = new Set(patched.map((name) => name.toLowerCase()));
  for (const name of members.keys()) {
    if (lowerCase.has(name.toLowerCase()) && !patched.includes(name)) members.delete(name);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
