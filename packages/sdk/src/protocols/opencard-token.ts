/**
 * Opencard's token: a JWE in compact form (RFC 7516 section 7.1) with A128KW and A128CBC-HS256 only. All checks that
 * need no key are done before a key is used. The library therefore only receives tokens of this kind.
 */

import { compactDecrypt } from "jose/jwe/compact/decrypt";
import { CompactEncrypt } from "jose/jwe/compact/encrypt";

import { fromBase64Url } from "./base64.ts";
import type { Jwk } from "./key.ts";
import { ALG, ENC, headerBytesMax, type OpencardHeader, parseHeader } from "./opencard-header.ts";
import { importOpencardKey } from "./opencard-key.ts";
import { UntrustedError } from "./protocol.ts";
import { utf8Text } from "./text-bytes.ts";

/** The limit for a token's plaintext. A message in Ringback has the same limit; a card has a few kilobytes. */
export const plaintextBytesMax = 1024 * 1024;
/** The size of a content key of 32 bytes after wrapping (RFC 3394). */
const wrappedKeyBytes = 40;
/** The size of the initialization vector, of the tag and of each ciphertext block. */
const blockBytes = 16;
/** The largest token: all of its bytes in base64url, four dots and a line end. */
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

/** Parses a token without a key. Throws {@link UntrustedError} with `malformed` or `wrong_algorithm`. */
export function readToken(body: Uint8Array): OpencardToken {
  if (body.length > tokenBytesMax) throw new UntrustedError("malformed");
  const compact = withoutLineEnd(textOf(body));
  // A token has five parts. A sixth part is enough to reject the token, so the rest is not split.
  const parts = compact.split(".", 6);
  const [header, wrappedKey, iv, ciphertext, tag] = parts.map(fromBase64Url);
  if (
    parts.length !== 5 ||
    !hasBytes(header, 1, headerBytesMax) ||
    !hasBytes(wrappedKey, wrappedKeyBytes) ||
    !hasBytes(iv, blockBytes) ||
    !hasBytes(ciphertext, blockBytes, plaintextBytesMax + blockBytes) ||
    // CBC pads the plaintext to whole blocks.
    ciphertext.length % blockBytes !== 0 ||
    !hasBytes(tag, blockBytes)
  ) {
    throw new UntrustedError("malformed");
  }
  return { header: parseHeader(textOf(header)), compact };
}

/** Decrypts the token. Throws {@link UntrustedError} when the token was encrypted with another key or was changed. */
export async function openToken(token: OpencardToken, jwk: Jwk): Promise<Uint8Array> {
  const key = await importOpencardKey(jwk);
  try {
    return (await compactDecrypt(token.compact, key, onlyThisKind)).plaintext;
  } catch {
    throw new UntrustedError("wrong_signature");
  }
}

/** Encrypts at most {@link plaintextBytesMax} bytes; the other end rejects a larger token. */
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

/** Removes a line end after the token, because programs that print a token may add one. */
function withoutLineEnd(text: string): string {
  if (!text.endsWith("\n")) return text;
  return text.slice(0, text.endsWith("\r\n") ? -2 : -1);
}

/**
 * Whether the part has the right number of bytes. A part is null when it is not base64url, and undefined when it is
 * missing.
 */
function hasBytes(part: Uint8Array | null | undefined, min: number, max: number = min): part is Uint8Array {
  return part !== null && part !== undefined && part.length >= min && part.length <= max;
}
