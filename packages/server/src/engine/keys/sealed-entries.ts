import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Entry, EntryKind } from "../../domain/model.ts";
import { AccountEntries } from "../../store/account-entries.ts";
import type { Page } from "../../store/page.ts";
import type { Store } from "../../store/store.ts";
import type { StoredJwk } from "./jwk-rule.ts";
import { masterKeyOf } from "./master-key.ts";
import type { MasterKey } from "./master-key.ts";
import { openKey, sealedUnder, sealKey } from "./sealed-key.ts";

export interface SealedEntriesOptions {
  readonly store: Store;
  /**
   * Master keys of 32 bytes in base64url. The first key seals (encrypts). Each key opens (decrypts) the texts that it
   * has sealed.
   */
  readonly masterKeys: readonly string[];
  /**
   * Called when a secret cannot be opened although its master key is configured, because the stored text is damaged.
   */
  readonly failed: (error: unknown, name: string) => void;
}

/** How one kind of entries seals its secrets. */
export interface Sealing<Secret> {
  readonly kind: EntryKind;
  /** The name that is sealed together with the secret of an entry. A secret cannot be opened under another name. */
  readonly sealedName: (name: string) => string;
  /** Converts an opened secret to the form in which it is used; null: the secret is of an unfit type. */
  readonly read: (jwk: StoredJwk, name: string) => Secret | null;
}

/**
 * The account's entries of one kind that contain a secret. Each secret is sealed with a configured master key before it
 * is stored, and opened once.
 */
export class SealedEntries<T extends { readonly sealed: string }, Secret> extends AccountEntries<T> {
  readonly #masters: readonly MasterKey[];
  readonly #failed: SealedEntriesOptions["failed"];
  readonly #sealing: Sealing<Secret>;
  /** The map's key is the value object of an entry. A changed entry has another value object. */
  readonly #opened = new WeakMap<object, Promise<Secret | null>>();

  constructor({ store, masterKeys, failed }: SealedEntriesOptions, sealing: Sealing<Secret>) {
    super(store, sealing.kind);
    this.#masters = masterKeys.map(masterKeyOf);
    this.#failed = failed;
    this.#sealing = sealing;
  }

  /** Throws `master_key_missing`. */
  assertSeals(): void {
    this.#sealingKey();
  }

  /** Throws `master_key_missing`. */
  seal(name: string, jwk: StoredJwk): Promise<string> {
    return sealKey(this.#sealing.sealedName(name), jwk, this.#sealingKey());
  }

  /**
   * Returns null if no configured master key opens the secret, or if the stored text is damaged. Returns the same
   * object until the entry changes.
   */
  open(entry: Entry<T>): Promise<Secret | null> {
    let opened = this.#opened.get(entry.value);
    if (opened === undefined) this.#opened.set(entry.value, (opened = this.#openNow(entry)));
    return opened;
  }

  /** True if a configured master key opens the text. */
  opens(sealed: string): boolean {
    return this.#masterOf(sealed) !== null;
  }

  /** True if the text was sealed with the first master key, so that sealing the secret again is not necessary. */
  isFresh(sealed: string): boolean {
    return this.#masters[0] !== undefined && sealedUnder(sealed) === this.#masters[0].kid;
  }

  /** Names of the entries that no configured master key opens. */
  async unusable(): Promise<readonly string[]> {
    const names: string[] = [];
    for (let after: string | null = null; ;) {
      const page: Page<Entry<T>> = await this.list({ after, limit: limits.pageItemsMax }, (entry) => entry);
      names.push(...page.items.filter(({ value }) => !this.opens(value.sealed)).map(({ name }) => name));
      if (page.next === null) return names;
      after = page.next;
    }
  }

  async #openNow({ name, value }: Entry<T>): Promise<Secret | null> {
    const master = this.#masterOf(value.sealed);
    if (master === null) return null;
    const sealedName = this.#sealing.sealedName(name);
    try {
      return this.#sealing.read(await openKey(sealedName, value.sealed, master), name);
    } catch (error) {
      this.#failed(error, sealedName);
      return null;
    }
  }

  #sealingKey(): MasterKey {
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
    "Keys are stored encrypted, but the server has no master key to encrypt them with. Set RINGBACK_MASTER_KEY (or " +
      "masterKey in the configuration file) to the output of `openssl rand -base64 32`, keep a copy of it, and " +
      "restart the server.",
  );
}
