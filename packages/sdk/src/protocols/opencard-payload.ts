/** What an Opencard token carries, in both directions: the UTF-8 of one JSON object. */

import type { JsonObject } from "./hook-json.ts";
import { isJsonObject, readJson, writeJson } from "./hook-json.ts";
import type { JsonCodec } from "./hook-protocol.ts";
import { plaintextBytesMax } from "./opencard-token.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";

const OPENING_BRACE = 0x7b;

/** Throws {@link UnencodableError} for what the other end would not take. `part` names the value in the error. */
export function payloadBytes(part: string, value: unknown, json: JsonCodec): Uint8Array {
  const bytes = writeJson(part, value, json);
  if (bytes[0] !== OPENING_BRACE) throw new UnencodableError(`${part}: not a JSON object`);
  if (bytes.length > plaintextBytesMax) {
    throw new UnencodableError(`${part}: JSON larger than ${plaintextBytesMax} bytes`);
  }
  return bytes;
}

/** Throws {@link UndecodableError}. */
export function payloadObject(plaintext: Uint8Array, json: JsonCodec): JsonObject {
  const read = readJson(plaintext, json);
  if ("fault" in read) throw new UndecodableError(read.fault);
  if (!isJsonObject(read.value)) throw new UndecodableError("body: not a JSON object");
  return read.value;
}
