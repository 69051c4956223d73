import { RingbackError } from "../../domain/errors.ts";
import type { StoredJwk } from "./jwk-rule.ts";
import { type MasterKey, MasterKeys } from "./master-key.ts";
import { openKey, sealedUnder, sealKey } from "./sealed-key.ts";

export interface SealerOptions {
  /**
   * Master keys of 32 bytes in base64url. The first key seals (encrypts). Each key opens (decrypts) the texts that it
   * has sealed. A list cannot change later.
   */
  readonly masterKeys: MasterKeys | readonly string[];
  /**
   * Called when a secret cannot be opened although its master key is configured, because the stored text is damaged.
   */
  readonly failed: (error: unknown, name: string) => void;
}

/** Seals (encrypts) and opens (decrypts) secrets with the configured master keys. */
export class Sealer {
  readonly #masters: MasterKeys;
  readonly #failed: SealerOptions["failed"];

  constructor({ masterKeys, failed }: SealerOptions) {
    this.#masters = masterKeys instanceof MasterKeys ? masterKeys : new MasterKeys(masterKeys);
    this.#failed = failed;
  }

  /** Throws `master_key_missing`. */
  assertSeals(): void {
    this.#sealingKey();
  }

  /** The secret cannot be opened under another name. Throws `master_key_missing`. */
  seal(name: string, jwk: StoredJwk): Promise<string> {
    return sealKey(name, jwk, this.#sealingKey());
  }

  /** Returns null if no configured master key opens the secret, or if the stored text is damaged. */
  async open(name: string, sealed: string): Promise<StoredJwk | null> {
    const master = this.#masterOf(sealed);
    if (master === null) return null;
    try {
      return await openKey(name, sealed, master);
    } catch (error) {
      this.#failed(error, name);
      return null;
    }
  }

  /** True if a configured master key opens the text. */
  opens(sealed: string): boolean {
    return this.#masterOf(sealed) !== null;
  }

  /** True if the text was sealed with the first master key, so that sealing the secret again is not necessary. */
  isFresh(sealed: string): boolean {
    return this.#masters.sealing !== null && sealedUnder(sealed) === this.#masters.sealing.kid;
  }

  /**
   * Seals the secret with the first master key. Returns the same text if that is not necessary, or if no configured
   * master key opens the secret. Throws `master_key_missing`.
   */
  async reseal(name: string, sealed: string): Promise<string> {
    this.assertSeals();
    if (this.isFresh(sealed)) return sealed;
    const jwk = await this.open(name, sealed);
    return jwk === null ? sealed : this.seal(name, jwk);
  }

  #sealingKey(): MasterKey {
    if (this.#masters.sealing === null) throw masterKeyMissing();
    return this.#masters.sealing;
  }

  #masterOf(sealed: string): MasterKey | null {
    return this.#masters.find(sealedUnder(sealed));
  }
}

function masterKeyMissing(): RingbackError {
  return new RingbackError(
    "master_key_missing",
    "Secrets are stored encrypted, but the server has no master key to encrypt them with. Set " +
      "RINGBACK_MASTER_KEY (or masterKey in the configuration file) to the output of `openssl rand -base64 32`, keep a " +
      "copy of it, and restart the server.",
  );
}
