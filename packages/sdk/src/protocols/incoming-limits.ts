/** What a receiver takes from a request before it looks at the dialect. Nothing that arrives is trusted. */

import { jsonWithin } from "./json-depth.ts";
import type { JsonObject } from "./json-object.ts";
import { parsedObject } from "./json-object.ts";
import type { IncomingRequest } from "./protocol.ts";
import { UndecodableError } from "./protocol.ts";

/** A message holds at most 1 MiB; JSON may write each of its bytes with six (`\u0001`), and the envelope needs some. */
export const incomingBodyBytesMax = 8 * 1024 * 1024;
/** What a receiver takes of a body unless its dialect says otherwise. The largest message is half of it. */
export const incomingBodyBytesDefault = 2 * 1024 * 1024;
/** For a message that stands in an envelope, each of its bytes written with six at worst, and 64 KiB of envelope. */
export const incomingEnvelopeBytesMax = 6 * 1024 * 1024 + 64 * 1024;
/** An envelope is flat, with some ten members; what a platform may add to it one day has room. */
export const envelopeJsonDepthMax = 8;
export const envelopeJsonValuesMax = 1024;
/** Names of topics and subscriptions; ours have at most 64 characters, other senders may be more generous. */
export const incomingNameCharsMax = 256;

const controlCharacter = /\p{Cc}/u;
const encoder = new TextEncoder();

export function assertPushRequest(request: IncomingRequest): void {
  if (request.method !== "POST") throw new UndecodableError("method: a push is always a POST");
  if (request.body.length > incomingBodyBytesMax) {
    throw new UndecodableError(`body: larger than ${incomingBodyBytesMax} bytes`);
  }
}

/** The envelope's members. Throws {@link UndecodableError}; deep and wide JSON is refused before it is parsed. */
export function envelopeMembers(text: string): JsonObject {
  if (!jsonWithin(text, envelopeJsonDepthMax, envelopeJsonValuesMax)) {
    throw new UndecodableError(
      `body: JSON deeper than ${envelopeJsonDepthMax} levels, or with more than ${envelopeJsonValuesMax} values`,
    );
  }
  return parsedObject(text);
}

/** The UTF-8 of a message's text. Throws {@link UndecodableError}, naming `part`, for anything but well-formed text. */
export function incomingTextBytes(part: string, text: unknown): Uint8Array {
  if (text === undefined) throw new UndecodableError(`${part}: missing`);
  if (typeof text !== "string") throw new UndecodableError(`${part}: not a string`);
  if (!text.isWellFormed()) throw new UndecodableError(`${part}: half a surrogate pair has no bytes in UTF-8`);
  return encoder.encode(text);
}

export function incomingName(part: string, value: unknown): string {
  if (value === undefined) throw new UndecodableError(`${part}: missing`);
  if (typeof value !== "string") throw new UndecodableError(`${part}: not a string`);
  if (value === "") throw new UndecodableError(`${part}: empty`);
  if (value.length > incomingNameCharsMax) {
    throw new UndecodableError(`${part}: longer than ${incomingNameCharsMax} characters`);
  }
  if (controlCharacter.test(value)) throw new UndecodableError(`${part}: holds control characters`);
  return value;
}
