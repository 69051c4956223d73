import { timingSafeEqual } from "node:crypto";
import type { Jwk, ProtocolKey } from "@ringback/sdk/protocols";
import type { Entry } from "../../domain/model.ts";
import { Mutex } from "../../domain/mutex.ts";
import { assertCondition, type WriteCondition } from "../../domain/write-condition.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { KeyDetails } from "./keys.ts";
import { describeJwk, storedJwk } from "./jwk-rule.ts";
import type { StoredJwk, KeyDescription } from "./jwk-rule.ts";
import { SealedEntries, type SealedEntriesOptions } from "./sealed-entries.ts";

/** A key's entry in the store. */
interface StoredKey extends KeyDescription {
  readonly sealed: string;
}

/** The members of `AccountKeys` that the API and the configuration use. */
export type Keys = Omit<AccountKeys, "unusable">;

/** The account's signing and encryption keys. They are stored sealed, opened once, and passed to dialects only. */
export class AccountKeys {
  /**
   * Held from the check to the write by each deletion or replacement of a key, and by each write of a subscription or
   * hook that names a key. So no key disappears between the check of its user and the write of this user.
   */
  readonly uses = new Mutex();
  readonly #entries: SealedEntries<StoredKey, ProtocolKey>;

  constructor(options: SealedEntriesOptions) {
    this.#entries = new SealedEntries(options, {
      kind: "key",
      sealedName: (kid) => kid,
      read: (jwk, kid) => ({ kid, jwk: { ...jwk } }),
    });
  }

  async find(kid: string): Promise<ProtocolKey | null> {
    const entry = await this.#entries.get(kid);
    return entry && this.#entries.open(entry);
  }

  /**
   * Creates or replaces; putting the same key twice changes nothing. Throws `invalid_key`, `master_key_missing`,
   * `entry_limit` and `precondition_failed`.
   */
  async put(kid: string, jwk: Jwk, condition?: WriteCondition): Promise<{ key: KeyDetails; created: boolean }> {
    const kept = storedJwk(jwk);
    this.#entries.assertSeals();
    const before = await this.#entries.get(kid);
    // Each sealing gives another text. Without this check, putting the same key again would count as a change.
    if (before !== null && this.#entries.isFresh(before.value.sealed) && (await this.#holds(before, kept))) {
      assertCondition(condition, before);
      return { key: this.#details(before), created: false };
    }
    const value: StoredKey = { ...describeJwk(kept), sealed: await this.#entries.seal(kid, kept) };
    const { entry, created } = await this.#entries.put(kid, value, condition);
    return { key: this.#details(entry), created };
  }

  async get(kid: string): Promise<KeyDetails | null> {
    const entry = await this.#entries.get(kid);
    return entry && this.#details(entry);
  }

  /** Sorted by kid. */
  list(page: PageRequest): Promise<Page<KeyDetails>> {
    return this.#entries.list(page, (entry) => this.#details(entry));
  }

  /** Returns false if there is no such key. Throws `precondition_failed`. */
  delete(kid: string, condition?: WriteCondition): Promise<boolean> {
    return this.#entries.delete(kid, condition);
  }

  /** Names of the keys that no configured master key opens. */
  unusable(): Promise<readonly string[]> {
    return this.#entries.unusable();
  }

  async #holds(entry: Entry<StoredKey>, jwk: StoredJwk): Promise<boolean> {
    const opened = await this.#entries.open(entry);
    if (opened === null) return false;
    const [held, given] = [Buffer.from(JSON.stringify(opened.jwk)), Buffer.from(JSON.stringify(jwk))];
    return held.length === given.length && timingSafeEqual(held, given);
  }

  #details({ name, value, id, version, createdAtMs, updatedAtMs }: Entry<StoredKey>): KeyDetails {
    const { kty, crv, bits, sealed } = value;
    return { kid: name, kty, crv, bits, usable: this.#entries.opens(sealed), id, version, createdAtMs, updatedAtMs };
  }
}
