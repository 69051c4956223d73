/**
 * Builds an Opencard token with any header text, as a hostile holder of the key could. The token is built from the
 * standards alone (RFC 7518 sections 4.4 and 5.2, RFC 3394), with Node's cryptography and without the tested code.
 */

import { createCipheriv, createHmac, randomBytes } from "node:crypto";

const keyWrapIv = Buffer.alloc(8, 0xa6);

export function forgeToken(headerText: string, plaintext: string | Uint8Array, k: string): string {
  const contentKey = randomBytes(32);
  const wrap = createCipheriv("id-aes128-wrap", Buffer.from(k, "base64url"), keyWrapIv);
  const wrappedKey = Buffer.concat([wrap.update(contentKey), wrap.final()]);

  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-128-cbc", contentKey.subarray(16), iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);

  const header = Buffer.from(headerText).toString("base64url");
  const headerBits = Buffer.alloc(8);
  headerBits.writeBigUInt64BE(BigInt(header.length * 8));
  const mac = createHmac("sha256", contentKey.subarray(0, 16))
    .update(header)
    .update(iv)
    .update(ciphertext)
    .update(headerBits)
    .digest();

  const rest = [wrappedKey, iv, ciphertext, mac.subarray(0, 16)].map((part) => part.toString("base64url"));
  return [header, ...rest].join(".");
}
