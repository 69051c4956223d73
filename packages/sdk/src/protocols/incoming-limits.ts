/** What a receiver takes from a request before it looks at the dialect. Nothing that arrives is trusted. */

import type { IncomingRequest } from "./protocol.ts";
import { UndecodableError } from "./protocol.ts";

/** A message holds at most 1 MiB; JSON may write each of its bytes with six (`\u0001`), and the envelope needs some. */
export const incomingBodyBytesMax = 8 * 1024 * 1024;
/** Names of topics and subscriptions; ours have at most 64 characters, other senders may be more generous. */
export const incomingNameCharsMax = 256;

const controlCharacter = /\p{Cc}/u;

export function assertPushRequest(request: IncomingRequest): void {
  if (request.method !== "POST") throw new UndecodableError("method: a push is always a POST");
  if (request.body.length > incomingBodyBytesMax) {
    throw new UndecodableError(`body: larger than ${incomingBodyBytesMax} bytes`);
  }
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
