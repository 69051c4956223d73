/** JSON objects and their members. */

import { type ParseJson, readJson } from "./json-reader.ts";
import type { JsonLimits } from "./json-limits.ts";
import { UndecodableError } from "./protocol.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON object in these bytes. Throws {@link UndecodableError}. */
export function readObject(body: Uint8Array, limits: JsonLimits, parse?: ParseJson): JsonObject {
  const read = readJson(body, limits, parse);
  if ("fault" in read) throw new UndecodableError(read.fault);
  if (!isJsonObject(read.value)) throw new UndecodableError("body: not a JSON object");
  return read.value;
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
