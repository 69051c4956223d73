/** Limits for received requests, and checks that all dialects share. Nothing in a request is trusted. */

import { type JsonObject, readObject } from "./json-object.ts";
import { type IncomingRequest, UndecodableError } from "./protocol.ts";

/**
 * The largest body in bytes. A message has at most 1 MiB. JSON can write each byte as six characters (`\u0001`), and
 * the rest is for the envelope.
 */
export const incomingBodyBytesMax = 8 * 1024 * 1024;
/**
 * The default size limit of a body, for dialects without a limit of their own. Twice the size of the largest message.
 */
export const incomingBodyBytesDefault = 2 * 1024 * 1024;
/**
 * The default size limit of a body in which a message is inside an envelope: six characters per byte at worst, and 64
 * KiB for the envelope.
 */
export const incomingEnvelopeBytesMax = 6 * 1024 * 1024 + 64 * 1024;
/**
 * Limits of an envelope's JSON. Envelopes are flat, with about ten members. The limits leave room for members that a
 * platform adds later.
 */
export const envelopeJsonLimits = { depthMax: 8, valuesMax: 1024 };
/**
 * The longest name of a topic or subscription that is read. Ringback's names are shorter; other senders may use longer
 * ones.
 */
export const incomingNameCharsMax = 256;

const controlCharacter = /\p{Cc}/u;
const encoder = new TextEncoder();

export function assertPushRequest(request: IncomingRequest): void {
  if (request.method !== "POST") throw new UndecodableError("method: a push is always a POST");
  if (request.body.length > incomingBodyBytesMax) {
    throw new UndecodableError(`body: larger than ${incomingBodyBytesMax} bytes`);
  }
}

/** Returns the envelope's members. Throws {@link UndecodableError}. */
export function envelopeMembers(body: Uint8Array): JsonObject {
  return readObject(body, envelopeJsonLimits);
}

/**
 * Returns the UTF-8 bytes of a message's text. Throws {@link UndecodableError}, naming `part`, if the value is not
 * well-formed text.
 */
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
  if (controlCharacter.test(value)) throw new UndecodableError(`${part}: contains control characters`);
  return value;
}
