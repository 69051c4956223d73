/** JSON in the bodies of hook calls and of their replies, limited in size, depth and number of values. */

import type { JsonCodec } from "./hook-protocol.ts";
import { incomingBodyBytesMax as bodyBytesMax } from "./incoming-limits.ts";
import { type JsonObject, readObject as readLimitedObject } from "./json-object.ts";
import { jsonFaultOf, type ParseJson, type ReadJson, readJson as readLimited } from "./json-reader.ts";
import { type IncomingRequest, UndecodableError, UnencodableError } from "./protocol.ts";
import { utf8Bytes } from "./text-bytes.ts";

/**
 * The deepest nesting of objects and arrays. The deepest known payload, koipy's own configuration, has about ten
 * levels.
 */
export const hookJsonDepthMax = 100;
/**
 * The most values in a payload or a reply: members, elements, and the whole. Parsing and writing this many takes some
 * tens of milliseconds, during which a program serves nothing else.
 */
export const hookJsonValuesMax = 25_000;

/** The most members of one object. A result of koipy has far fewer: one for each of its columns. */
const hookJsonMembersMax = 10_000;

export const hookJsonLimits = {
  depthMax: hookJsonDepthMax,
  valuesMax: hookJsonValuesMax,
  membersMax: hookJsonMembersMax,
};

/** Skips a leading byte order mark, as RFC 8259 section 8.1 allows. */
export function readJson(body: Uint8Array, json: JsonCodec): ReadJson {
  return readLimited(withoutMark(body), hookJsonLimits, parserOf(json));
}

/** The JSON object in these bytes. Throws {@link UndecodableError}. */
export function readObject(body: Uint8Array, json: JsonCodec): JsonObject {
  return readLimitedObject(withoutMark(body), hookJsonLimits, parserOf(json));
}

function parserOf(json: JsonCodec): ParseJson {
  return (text, numbersAreExact) =>
    numbersAreExact && json.parseExact !== undefined ? json.parseExact(text) : json.parse(text);
}

function withoutMark(body: Uint8Array): Uint8Array {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body;
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
  const bytes = utf8Bytes(text);
  if (bytes.length > bodyBytesMax) throw new UnencodableError(`${part}: JSON larger than ${bodyBytesMax} bytes`);
  if (json.isLimited === true) return bytes;
  const fault = jsonFaultOf(bytes, hookJsonLimits, false);
  if (fault !== null) throw new UnencodableError(`${part}: ${fault}`);
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
