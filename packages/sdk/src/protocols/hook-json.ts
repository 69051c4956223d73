/** JSON as the bodies of hook calls and their replies carry it: bounded in size and depth, and merged without surprises. */

import type { JsonCodec, OutgoingCall } from "./hook-protocol.ts";
import { incomingBodyBytesMax } from "./incoming-limits.ts";
import { jsonDepthWithin } from "./json-depth.ts";
import type { IncomingRequest } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { utf8Bytes } from "./text-bytes.ts";

/** How deep objects and arrays may lie in each other. koipy's own configuration, the deepest known, has about ten. */
export const hookJsonDepthMax = 100;
/** What a call, or an answer that a receiver writes, may have; a receiver takes no more of any request. */
export const hookBodyBytesMax = incomingBodyBytesMax;

/** A byte order mark at the beginning is skipped, as RFC 8259 section 8.1 allows. */
const decoder = new TextDecoder("utf-8", { fatal: true });

export type JsonObject = Readonly<Record<string, unknown>>;

/** What was read, or what is wrong with it in a few words. */
export type ReadJson = { readonly value: unknown } | { readonly fault: string };

export function readJson(body: Uint8Array, json: JsonCodec): ReadJson {
  let text: string;
  try {
    text = decoder.decode(body);
  } catch {
    return { fault: "body: not UTF-8" };
  }
  if (!jsonDepthWithin(text, hookJsonDepthMax)) return { fault: `body: JSON deeper than ${hookJsonDepthMax} levels` };
  try {
    return { value: json.parse(text) };
  } catch {
    return { fault: "body: not JSON" };
  }
}

/** Throws {@link UnencodableError}, naming `part`, for what JSON has no form for and for what no receiver would take. */
export function writeJson(part: string, value: unknown, json: JsonCodec): Uint8Array {
  const text = stringified(part, value, json);
  if (!jsonDepthWithin(text, hookJsonDepthMax)) {
    throw new UnencodableError(`${part}: JSON deeper than ${hookJsonDepthMax} levels`);
  }
  const bytes = utf8Bytes(text);
  if (bytes.length > hookBodyBytesMax)
    throw new UnencodableError(`${part}: JSON larger than ${hookBodyBytesMax} bytes`);
  return bytes;
}

/** A cycle, a bigint, a depth beyond the stack: whatever it throws, it cannot be written. */
function stringified(part: string, value: unknown, json: JsonCodec): string {
  let text: unknown;
  try {
    text = json.stringify(value);
  } catch (cause) {
    throw new UnencodableError(`${part}: cannot be written as JSON`, { cause });
  }
  // `undefined` and functions have no JSON, which `JSON.stringify` says by giving undefined.
  if (typeof text !== "string") throw new UnencodableError(`${part}: not a JSON value`);
  return text;
}

/** Sender: the call's payload as its body. */
export function payloadBytes(call: OutgoingCall): Uint8Array {
  return writeJson("payload", call.payload, call.json);
}

/** Receiver: the payload of a call. Parsed whatever the content type says, as the senders of these dialects vary in it. */
export function payloadOf(request: IncomingRequest): unknown {
  if (request.method !== "POST") throw new UndecodableError("method: a call is always a POST");
  if (request.body.length > hookBodyBytesMax) {
    throw new UndecodableError(`body: larger than ${hookBodyBytesMax} bytes`);
  }
  const read = readJson(request.body, JSON);
  if ("fault" in read) throw new UndecodableError(read.fault);
  return read.value;
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
