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

/** The master keys of this server. The list can change while the server runs. */
export class MasterKeys {
  #keys: readonly MasterKey[];

  /** `texts`: 32 bytes each in base64url without padding. The first key seals. */
  constructor(texts: readonly string[]) {
    this.#keys = texts.map(masterKeyOf);
  }

  /** The key that seals (encrypts); null: there is none. */
  get sealing(): MasterKey | null {
    return this.#keys[0] ?? null;
  }

  /** Returns the key that opens (decrypts) what the key with this kid has sealed. */
  find(kid: string | null): MasterKey | null {
    return this.#keys.find((key) => key.kid === kid) ?? null;
  }

  /** This key seals from now on. The others still open what they have sealed. */
  add(text: string): void {
    this.#keys = [masterKeyOf(text), ...this.#keys];
  }
}
