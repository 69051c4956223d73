/** JSON as the bodies of hook calls and their replies carry it: bounded in size and depth, and merged without surprises. */

import type { JsonCodec, OutgoingCall } from "./hook-protocol.ts";
import { incomingBodyBytesMax } from "./incoming-limits.ts";
import { jsonDepthWithin } from "./json-depth.ts";
import type { JsonObject } from "./json-object.ts";
import { isJsonObject } from "./json-object.ts";
import type { IncomingRequest } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { utf8Bytes } from "./text-bytes.ts";

/** How deep objects and arrays may lie in each other. koipy's own configuration, the deepest known, has about ten. */
export const hookJsonDepthMax = 100;
/** What a call, or an answer that a receiver writes, may have; a receiver takes no more of any request. */
export const hookBodyBytesMax = incomingBodyBytesMax;

/** A byte order mark at the beginning is skipped, as RFC 8259 section 8.1 allows. */
const decoder = new TextDecoder("utf-8", { fatal: true });

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

/** The JSON object in these bytes. Throws {@link UndecodableError}. */
export function readObject(body: Uint8Array, json: JsonCodec): JsonObject {
  const read = readJson(body, json);
  if ("fault" in read) throw new UndecodableError(read.fault);
  if (!isJsonObject(read.value)) throw new UndecodableError("body: not a JSON object");
  return read.value;
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
