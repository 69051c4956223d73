import { RingbackError } from "../../domain/errors.ts";
import type { KeptJwk } from "./jwk-rule.ts";
import { masterKeyOf } from "./master-key.ts";
import type { MasterKey } from "./master-key.ts";
import { openKey, sealedUnder, sealKey } from "./sealed-key.ts";

export interface KeySafeOptions {
  /** 32 bytes each in base64url. The first seals; all of them open what one of them has sealed. */
  readonly masterKeys: readonly string[];
  /** Something sealed cannot be opened although its master key is at hand: the database is damaged. */
  readonly failed: (error: unknown, name: string) => void;
}

/** Seals secrets for the store, and opens them, with the master keys at hand. */
export class KeySafe {
  readonly #masters: readonly MasterKey[];
  readonly #failed: KeySafeOptions["failed"];

  constructor({ masterKeys, failed }: KeySafeOptions) {
    this.#masters = masterKeys.map(masterKeyOf);
    this.#failed = failed;
  }

  /** Throws `master_key_missing`. */
  assertSeals(): void {
    this.#sealing();
  }

  /** Throws `master_key_missing`. */
  seal(name: string, jwk: KeptJwk): Promise<string> {
    return sealKey(name, jwk, this.#sealing());
  }

  /** null: none of the master keys at hand opens it. */
  async open(name: string, sealed: string): Promise<KeptJwk | null> {
    const master = this.#masterOf(sealed);
    if (master === null) return null;
    try {
      return await openKey(name, sealed, master);
    } catch (error) {
      this.#failed(error, name);
      return null;
    }
  }

  opens(sealed: string): boolean {
    return this.#masterOf(sealed) !== null;
  }

  /** Under the master key that seals now: sealing it again would change nothing. */
  isFresh(sealed: string): boolean {
    return this.#masters[0] !== undefined && sealedUnder(sealed) === this.#masters[0].kid;
  }

  #sealing(): MasterKey {
    const [master] = this.#masters;
    if (master === undefined) throw masterKeyMissing();
    return master;
  }

  #masterOf(sealed: string): MasterKey | null {
    const kid = sealedUnder(sealed);
    return this.#masters.find((master) => master.kid === kid) ?? null;
  }
}

function masterKeyMissing(): RingbackError {
  return new RingbackError(
    "master_key_missing",
    "Keys are kept encrypted, and the server has no master key to do it with. Set RINGBACK_MASTER_KEY (or masterKey in " +
      "the configuration file) to what `openssl rand -base64 32` prints, keep it, and start the server again.",
  );
}
