import { createHash } from "node:crypto";

/** The key that encrypts stored keys. It comes from the configuration and is never stored in the database. */
export interface MasterKey {
  /**
   * Identifies the master key. Stored unencrypted together with each sealed text, to find the master key that opens the
   * text.
   */
  readonly kid: string;
  readonly bytes: Uint8Array;
}

/**
 * The kid consists of the first 11 characters (66 bits) of the key's RFC 7638 thumbprint. They reveal nothing of the
 * key.
 */
const kidChars = 11;

/** `text` is 32 bytes in base64url without padding. */
export function masterKeyOf(text: string): MasterKey {
  const bytes = Buffer.from(text, "base64url");
  const canonical = JSON.stringify({ k: text, kty: "oct" });
  return { kid: createHash("sha256").update(canonical).digest("base64url").slice(0, kidChars), bytes };
}
