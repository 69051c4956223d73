import { createHash } from "node:crypto";

/** A key that keys are sealed with where they are kept. It comes from the configuration and is never kept beside them. */
export interface MasterKey {
  /** Stands in the clear beside what it seals, to tell which key opens it. */
  readonly kid: string;
  readonly bytes: Uint8Array;
}

/** Of the key's RFC 7638 thumbprint; 66 bits tell apart any number of master keys and say nothing of them. */
const kidChars = 11;

/** `text` is 32 bytes in base64url without padding. */
export function masterKeyOf(text: string): MasterKey {
  const bytes = Buffer.from(text, "base64url");
  const canonical = JSON.stringify({ k: text, kty: "oct" });
  return { kid: createHash("sha256").update(canonical).digest("base64url").slice(0, kidChars), bytes };
}
