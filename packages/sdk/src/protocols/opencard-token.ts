/**
 * Opencard's token: a JWE in compact form (RFC 7516 section 7.1), A128KW and A128CBC-HS256 only. Everything that can be
 * told without a key is checked before a key comes near it, so that the library below only ever sees tokens of one kind.
 */

import { CompactEncrypt, compactDecrypt } from "jose";

import { fromBase64Url } from "./base64.ts";
import type { Jwk } from "./key.ts";
import type { OpencardHeader } from "./opencard-header.ts";
import { ALG, ENC, headerBytesMax, parseHeader } from "./opencard-header.ts";
import { importOpencardKey } from "./opencard-key.ts";
import { UntrustedError } from "./protocol.ts";
import { utf8Text } from "./text-bytes.ts";

/** What a token may carry. A message of Ringback's holds as much; a card is a few kilobytes. */
export const plaintextBytesMax = 1024 * 1024;
/** A content key of 32 bytes, wrapped (RFC 3394). */
const wrappedKeyBytes = 40;
/** The initialization vector, the tag and the steps of the ciphertext. */
const blockBytes = 16;
/** The largest token: all its bytes, with base64url's third, four dots and the end of a line on top. */
export const tokenBytesMax =
  Math.ceil(((headerBytesMax + wrappedKeyBytes + 3 * blockBytes + plaintextBytesMax) * 4) / 3) + 10;

export interface OpencardToken {
  readonly header: OpencardHeader;
  readonly compact: string;
}

const encoder = new TextEncoder();
const onlyThisKind = {
  keyManagementAlgorithms: [ALG],
  contentEncryptionAlgorithms: [ENC],
  maxDecompressedLength: 0,
};

/** Reads a token without a key. Throws {@link UntrustedError}: `malformed` or `wrong_algorithm`. */
export function readToken(body: Uint8Array): OpencardToken {
  if (body.length > tokenBytesMax) throw new UntrustedError("malformed");
  const compact = withoutLineEnd(textOf(body));
  // One part more than there may be: what follows it does not matter any more.
  const parts = compact.split(".", 6);
  const [header, wrappedKey, iv, ciphertext, tag] = parts.map(fromBase64Url);
  if (
    parts.length !== 5 ||
    !hasBytes(header, 1, headerBytesMax) ||
    !hasBytes(wrappedKey, wrappedKeyBytes) ||
    !hasBytes(iv, blockBytes) ||
    !hasBytes(ciphertext, blockBytes, plaintextBytesMax + blockBytes) ||
    // CBC pads to whole blocks.
    ciphertext.length % blockBytes !== 0 ||
    !hasBytes(tag, blockBytes)
  ) {
    throw new UntrustedError("malformed");
  }
  return { header: parseHeader(textOf(header)), compact };
}

/** Throws {@link UntrustedError} when the token was not made under this key or was changed since. */
export async function openToken(token: OpencardToken, jwk: Jwk): Promise<Uint8Array> {
  const key = await importOpencardKey(jwk);
  try {
    return (await compactDecrypt(token.compact, key, onlyThisKind)).plaintext;
  } catch {
    throw new UntrustedError("wrong_signature");
  }
}

/** At most {@link plaintextBytesMax} of plaintext, or the other end refuses the token. */
export async function sealToken(plaintext: Uint8Array, header: OpencardHeader, jwk: Jwk): Promise<Uint8Array> {
  const token = await new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: ALG, enc: ENC, kid: header.kid, rid: header.rid })
    .encrypt(await importOpencardKey(jwk));
  return encoder.encode(token);
}

function textOf(bytes: Uint8Array): string {
  const text = utf8Text(bytes);
  if (text === null) throw new UntrustedError("malformed");
  return text;
}

/** Programs that print a token end it like a line. */
function withoutLineEnd(text: string): string {
  if (!text.endsWith("\n")) return text;
  return text.slice(0, text.endsWith("\r\n") ? -2 : -1);
}

/** null is what was no base64url, undefined what was missing. */
function hasBytes(part: Uint8Array | null | undefined, min: number, max: number = min): part is Uint8Array {
  return part !== null && part !== undefined && part.length >= min && part.length <= max;
}
