import { limits } from "../../domain/limits.ts";
import type { AccountId, Entry, EntryKind } from "../../domain/model.ts";
import { AccountEntries } from "../../store/account-entries.ts";
import type { Page } from "../../store/page.ts";
import type { Store } from "../../store/store.ts";
import type { StoredJwk } from "./jwk-rule.ts";
import { Sealer, type SealerOptions } from "./sealer.ts";

export interface SealedEntriesOptions extends SealerOptions {
  readonly store: Store;
  readonly accountId: AccountId;
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
  readonly #sealer: Sealer;
  readonly #sealing: Sealing<Secret>;
  /** The map's key is an object inside the value of an entry. A changed entry has other objects. */
  readonly #opened = new WeakMap<object, Promise<Secret | null>>();

  constructor({ store, accountId, ...options }: SealedEntriesOptions, sealing: Sealing<Secret>) {
    super(store, accountId, sealing.kind);
    this.#sealer = new Sealer(options);
    this.#sealing = sealing;
  }

  /** Throws `master_key_missing`. */
  assertSeals(): void {
    this.#sealer.assertSeals();
  }

  /** Throws `master_key_missing`. */
  seal(name: string, jwk: StoredJwk): Promise<string> {
    return this.#sealer.seal(this.#sealing.sealedName(name), jwk);
  }

  /**
   * Returns null if no configured master key opens the secret, or if the stored text is damaged. Returns the same
   * object until the entry changes.
   */
  open(entry: Entry<T>): Promise<Secret | null> {
    return this.openText(entry.name, entry.value);
  }

  /** As `open`, for another secret of the entry. The object that contains the sealed text is the cache key. */
  openText(name: string, holder: { readonly sealed: string }): Promise<Secret | null> {
    let opened = this.#opened.get(holder);
    if (opened === undefined) this.#opened.set(holder, (opened = this.#openNow(name, holder.sealed)));
    return opened;
  }

  /** True if a configured master key opens the text. */
  opens(sealed: string): boolean {
    return this.#sealer.opens(sealed);
  }

  /** True if the text was sealed with the first master key, so that sealing the secret again is not necessary. */
  isFresh(sealed: string): boolean {
    return this.#sealer.isFresh(sealed);
  }

  /** Seals a secret of an entry with the first master key, if that is necessary and possible. */
  reseal(name: string, sealed: string): Promise<string> {
    return this.#sealer.reseal(this.#sealing.sealedName(name), sealed);
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

  async #openNow(name: string, sealed: string): Promise<Secret | null> {
    const jwk = await this.#sealer.open(this.#sealing.sealedName(name), sealed);
    return jwk === null ? null : this.#sealing.read(jwk, name);
  }
}
