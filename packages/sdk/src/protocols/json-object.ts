/** JSON objects: what one is, and its members. */

import { UndecodableError } from "./protocol.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object in this JSON text. Throws {@link UndecodableError}. */
export function parsedObject(text: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UndecodableError("body: not JSON");
  }
  if (!isJsonObject(parsed)) throw new UndecodableError("body: not a JSON object");
  return parsed;
}

/** What writes itself, as a number does that its codec has kept as it was written, is no object with members. */
export function isJsonObject(value: unknown): value is JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !("toJSON" in value && typeof value.toJSON === "function");
}

/** The member that the object itself has, never one that it inherits; undefined where it has none or null. */
export function ownMember(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}

/**
 * A new object with the members of both, the second's in the place of the first's. Spreading defines members instead of
 * assigning them, so one called `__proto__`, which parsed JSON can have, is a member like any other.
 */
export function mergedShallowly(into: JsonObject, from: JsonObject): JsonObject {
  return { ...into, ...from };
}
