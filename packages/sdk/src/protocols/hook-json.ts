/** JSON in the bodies of hook calls and of their replies, limited in size and depth. */

import type { JsonCodec } from "./hook-protocol.ts";
import { incomingBodyBytesMax as bodyBytesMax } from "./incoming-limits.ts";
import { jsonDepthWithin } from "./json-depth.ts";
import { isJsonObject, type JsonObject } from "./json-object.ts";
import { type IncomingRequest, UndecodableError, UnencodableError } from "./protocol.ts";
import { utf8Bytes } from "./text-bytes.ts";

/**
 * The deepest nesting of objects and arrays. The deepest known payload, koipy's own configuration, has about ten
 * levels.
 */
export const hookJsonDepthMax = 100;
/** Skips a leading byte order mark, as RFC 8259 section 8.1 allows. */
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The value, or a short description of what is wrong with the body. */
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

/**
 * Throws {@link UnencodableError}, naming `part`, for a value without a JSON form. The same error is thrown for JSON
 * that is too large or too deep for every receiver.
 */
export function writeJson(part: string, value: unknown, json: JsonCodec): Uint8Array {
  let text: unknown;
  try {
    text = json.stringify(value);
  } catch (cause) {
    // Any error of the codec, for example a cycle, a bigint or excessive depth.
    throw new UnencodableError(`${part}: cannot be written as JSON`, { cause });
  }
  // `JSON.stringify` returns undefined for `undefined` and for functions.
  if (typeof text !== "string") throw new UnencodableError(`${part}: not a JSON value`);
  if (!jsonDepthWithin(text, hookJsonDepthMax)) {
    throw new UnencodableError(`${part}: JSON deeper than ${hookJsonDepthMax} levels`);
  }
  const bytes = utf8Bytes(text);
  if (bytes.length > bodyBytesMax) throw new UnencodableError(`${part}: JSON larger than ${bodyBytesMax} bytes`);
  return bytes;
}

/**
 * Receiver: decodes the payload of a call. The content type is ignored, because senders of these dialects use different
 * ones.
 */
export function payloadOf(request: IncomingRequest): unknown {
  if (request.method !== "POST") throw new UndecodableError("method: a call is always a POST");
  if (request.body.length > bodyBytesMax) throw new UndecodableError(`body: larger than ${bodyBytesMax} bytes`);
  const read = readJson(request.body, JSON);
  if ("fault" in read) throw new UndecodableError(read.fault);
  return read.value;
}
