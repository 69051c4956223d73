import { timingSafeEqual } from "node:crypto";
import type { Jwk, ProtocolKey } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Entry } from "../../domain/model.ts";
import type { Page, PageRequest, Store } from "../../store/port.ts";
import type { KeyDetails, Keys } from "../port.ts";
import { describeJwk, keptJwk } from "./jwk-rule.ts";
import type { KeptJwk, KeyDescription } from "./jwk-rule.ts";
import { masterKeyOf } from "./master-key.ts";
import type { MasterKey } from "./master-key.ts";
import { openKey, sealedUnder, sealKey } from "./sealed-key.ts";

export interface AccountKeysOptions {
  readonly store: Store;
  /** 32 bytes each in base64url. The first seals; all of them open what one of them has sealed. */
  readonly masterKeys: readonly string[];
  /** A key that is kept and cannot be opened although its master key is at hand: the database is damaged. */
  readonly failed: (error: unknown, kid: string) => void;
}

/** What the store keeps of a key. */
interface KeptKey extends KeyDescription {
  readonly sealed: string;
}

const kind = "key";

/** The default account's keys: sealed in the store, opened once, and never given out but to a dialect. */
export class AccountKeys implements Keys {
  readonly #store: Store;
  readonly #masters: readonly MasterKey[];
  readonly #failed: AccountKeysOptions["failed"];
  /** By the entry's value, which the store replaces when the key changes: what is opened goes with what it came from. */
  readonly #opened = new WeakMap<object, Promise<ProtocolKey | null>>();

  constructor({ store, masterKeys, failed }: AccountKeysOptions) {
    this.#store = store;
    this.#masters = masterKeys.map(masterKeyOf);
    this.#failed = failed;
  }

  async find(kid: string): Promise<ProtocolKey | null> {
    const entry = await this.#entry(kid);
    return entry === null ? null : this.#open(entry);
  }

  async put(kid: string, jwk: Jwk): Promise<{ key: KeyDetails; created: boolean }> {
    const kept = keptJwk(jwk);
    const [master] = this.#masters;
    if (master === undefined) throw masterKeyMissing();
    const before = await this.#entry(kid);
    // Sealing gives another text each time, so without this look the same key put twice would count as a new one.
    if (before !== null && sealedUnder(before.value.sealed) === master.kid && (await this.#holds(before, kept))) {
      return { key: this.#details(before), created: false };
    }
    const value: KeptKey = { ...describeJwk(kept), sealed: await sealKey(kid, kept, master) };
    const { entry, created } = await this.#store.putEntry(this.#account, kind, kid, value);
    return { key: this.#details(keptEntry(entry)), created };
  }

  async get(kid: string): Promise<KeyDetails | null> {
    const entry = await this.#entry(kid);
    return entry === null ? null : this.#details(entry);
  }

  async list(page: PageRequest): Promise<Page<KeyDetails>> {
    const { items, next } = await this.#store.listEntries(this.#account, kind, page);
    return { items: items.map((entry) => this.#details(keptEntry(entry))), next };
  }

  delete(kid: string): Promise<boolean> {
    return this.#store.deleteEntry(this.#account, kind, kid);
  }

  /** Names of the keys that none of the master keys at hand opens. */
  async unusable(): Promise<readonly string[]> {
    const kids: string[] = [];
    for (let after: string | null = null; ;) {
      const page: Page<KeyDetails> = await this.list({ after, limit: limits.pageItemsMax });
      kids.push(...page.items.filter(({ usable }) => !usable).map(({ kid }) => kid));
      if (page.next === null) return kids;
      after = page.next;
    }
  }

  get #account() {
    return this.#store.defaultAccount().id;
  }

  async #entry(kid: string): Promise<Entry<KeptKey> | null> {
    const entry = await this.#store.getEntry(this.#account, kind, kid);
    return entry === null ? null : keptEntry(entry);
  }

  #open(entry: Entry<KeptKey>): Promise<ProtocolKey | null> {
    let opened = this.#opened.get(entry.value);
    if (opened === undefined) this.#opened.set(entry.value, (opened = this.#unseal(entry)));
    return opened;
  }

  async #unseal({ name: kid, value }: Entry<KeptKey>): Promise<ProtocolKey | null> {
    const master = this.#masterOf(value.sealed);
    if (master === null) return null;
    try {
      return { kid, jwk: { ...(await openKey(kid, value.sealed, master)) } };
    } catch (error) {
      this.#failed(error, kid);
      return null;
    }
  }

  async #holds(entry: Entry<KeptKey>, jwk: KeptJwk): Promise<boolean> {
    const opened = await this.#open(entry);
    if (opened === null) return false;
    const [held, given] = [Buffer.from(JSON.stringify(opened.jwk)), Buffer.from(JSON.stringify(jwk))];
    return held.length === given.length && timingSafeEqual(held, given);
  }

  #details({ name, value, createdAtMs, updatedAtMs }: Entry<KeptKey>): KeyDetails {
    const { kty, crv, bits, sealed } = value;
    return { kid: name, kty, crv, bits, usable: this.#masterOf(sealed) !== null, createdAtMs, updatedAtMs };
  }

  #masterOf(sealed: string): MasterKey | null {
    const kid = sealedUnder(sealed);
    return this.#masters.find((master) => master.kid === kid) ?? null;
  }
}

function keptEntry(entry: Entry): Entry<KeptKey> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- entries of this kind are written here alone
  return entry as Entry<KeptKey>;
}

function masterKeyMissing(): RingbackError {
  return new RingbackError(
    "master_key_missing",
    "Keys are kept encrypted, and the server has no master key to do it with. Set RINGBACK_MASTER_KEY (or masterKey in " +
      "the configuration file) to what `openssl rand -base64 32` prints, keep it, and start the server again.",
  );
}
