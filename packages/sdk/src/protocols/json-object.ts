/** JSON objects and their members. */

import { UndecodableError } from "./protocol.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses a JSON text that contains an object. Throws {@link UndecodableError}. */
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

/**
 * Excludes objects with a `toJSON` method. Such an object represents another value, for example a number that a codec
 * keeps as text.
 */
export function isJsonObject(value: unknown): value is JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !("toJSON" in value && typeof value.toJSON === "function");
}

/** Returns the object's own member, never an inherited one; undefined when the member is absent or null. */
export function ownMember(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}

/**
 * Returns a new object with the members of both; members of `from` replace members of `into`. Spread syntax defines
 * members instead of assigning them. Parsed JSON can have a member called `__proto__`, which is copied like any other
 * member.
 */
export function mergedShallowly(into: JsonObject, from: JsonObject): JsonObject {
  return { ...into, ...from };
}
