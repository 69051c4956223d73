import { timingSafeEqual } from "node:crypto";
import { assertApiKeyName, assertApiKeyPair, isSecretId, secretIdPrefix } from "../../domain/api-key-rules.ts";
import { isPreconditionFailed, RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Entry } from "../../domain/model.ts";
import type { PutCondition } from "../../store/condition.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { Store } from "../../store/store.ts";
import type { ApiKeyDetails, ApiKeyPair, ApiKeys } from "./api-keys.ts";
import { KeySafe } from "./key-safe.ts";
import type { KeySafeOptions } from "./key-safe.ts";
import { randomAlphanumerics } from "./random-alphanumerics.ts";

export interface AccountApiKeysOptions extends KeySafeOptions {
  readonly store: Store;
  /** Not to be guessed. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/** What the store keeps of a pair, under its secretId. */
interface KeptApiKey {
  readonly name: string;
  readonly sealed: string;
}

const kind = "api-key";
/** As long as Tencent Cloud's: programs may have room for no more. 190 bits each. */
const madeChars = 32;

/** The default account's API keys: sealed in the store as its other keys are, opened once, and checked with every signed request. */
export class AccountApiKeys implements ApiKeys {
  readonly #store: Store;
  readonly #safe: KeySafe;
  readonly #randomBytes: AccountApiKeysOptions["randomBytes"];
  /** By the entry's value, which the store replaces when the pair changes: what is opened goes with what it came from. */
  readonly #opened = new WeakMap<object, Promise<Uint8Array | null>>();

  constructor({ store, randomBytes, ...options }: AccountApiKeysOptions) {
    this.#store = store;
    this.#randomBytes = randomBytes;
    this.#safe = new KeySafe(options);
  }

  async create(
    name: string,
    given: ApiKeyPair | null,
  ): Promise<{ apiKey: ApiKeyDetails; pair: ApiKeyPair; created: boolean }> {
    const pair = given ?? this.#newPair();
    this.#assertCanKeep(name, pair);
    let before = await this.#entry(pair.secretId);
    while (before === null) {
      try {
        const entry = await this.#putEntry(name, pair.secretId, await this.#seal(pair), "absent");
        return { apiKey: this.#details(entry), pair, created: true };
      } catch (error) {
        if (!isPreconditionFailed(error)) throw error;
        // Another request has created it since.
        before = await this.#entry(pair.secretId);
      }
    }
    if (!(await this.#holds(before, pair))) {
      throw RingbackError.at(
        "api_key_exists",
        "secretId",
        "is there already, with another secretKey or one that cannot be opened; remove it first if it is to be replaced",
      );
    }
    return { apiKey: await this.#keep(name, pair, before), pair, created: false };
  }

  async put(name: string, pair: ApiKeyPair): Promise<ApiKeyDetails> {
    this.#assertCanKeep(name, pair);
    return this.#keep(name, pair, await this.#entry(pair.secretId));
  }

  async get(id: string): Promise<ApiKeyDetails | null> {
    const entry = await this.#entry(id);
    return entry === null ? null : this.#details(entry);
  }

  async list(page: PageRequest): Promise<Page<ApiKeyDetails>> {
    const { items, next } = await this.#store.entries.list(this.#account, kind, page);
    return { items: items.map((entry) => this.#details(keptEntry(entry))), next };
  }

  async delete(id: string): Promise<boolean> {
    return isSecretId(id) && this.#store.entries.delete(this.#account, kind, id);
  }

  /** Ids of the pairs that none of the master keys at hand opens. */
  async unusable(): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let after: string | null = null; ;) {
      const page: Page<ApiKeyDetails> = await this.list({ after, limit: limits.pageItemsMax });
      ids.push(...page.items.filter(({ usable }) => !usable).map(({ id }) => id));
      if (page.next === null) return ids;
      after = page.next;
    }
  }

  async secretOf(secretId: string): Promise<Uint8Array | null> {
    const entry = await this.#entry(secretId);
    return entry === null ? null : this.#open(entry);
  }

  get #account() {
    return this.#store.catalog.defaultAccount().id;
  }

  #assertCanKeep(name: string, pair: ApiKeyPair): void {
    assertApiKeyName("name", name);
    assertApiKeyPair(pair);
    this.#safe.assertSeals();
  }

  async #keep(name: string, pair: ApiKeyPair, before: Entry<KeptApiKey> | null): Promise<ApiKeyDetails> {
    // Sealing gives another text each time, so without this look the same pair put twice would count as a new one.
    const isSame = before !== null && this.#safe.isFresh(before.value.sealed) && (await this.#holds(before, pair));
    if (isSame && before.value.name === name) return this.#details(before);
    const sealed = isSame ? before.value.sealed : await this.#seal(pair);
    return this.#details(await this.#putEntry(name, pair.secretId, sealed));
  }

  #seal({ secretId, secretKey }: ApiKeyPair): Promise<string> {
    const k = Buffer.from(secretKey).toString("base64url");
    return this.#safe.seal(sealedName(secretId), { kty: "oct", k });
  }

  async #putEntry(
    name: string,
    secretId: string,
    sealed: string,
    condition?: PutCondition,
  ): Promise<Entry<KeptApiKey>> {
    const value: KeptApiKey = { name, sealed };
    return keptEntry((await this.#store.entries.put(this.#account, kind, secretId, value, condition)).entry);
  }

  /** What no pair can be called is not looked for: the text comes from strangers. */
  async #entry(secretId: string): Promise<Entry<KeptApiKey> | null> {
    if (!isSecretId(secretId)) return null;
    const entry = await this.#store.entries.get(this.#account, kind, secretId);
    return entry === null ? null : keptEntry(entry);
  }

  #open(entry: Entry<KeptApiKey>): Promise<Uint8Array | null> {
    let opened = this.#opened.get(entry.value);
    if (opened === undefined) this.#opened.set(entry.value, (opened = this.#unseal(entry)));
    return opened;
  }

  async #unseal({ name: secretId, value }: Entry<KeptApiKey>): Promise<Uint8Array | null> {
    const jwk = await this.#safe.open(sealedName(secretId), value.sealed);
    return jwk?.kty === "oct" ? Buffer.from(jwk.k, "base64url") : null;
  }

  async #holds(entry: Entry<KeptApiKey>, { secretKey }: Pick<ApiKeyPair, "secretKey">): Promise<boolean> {
    const [held, given] = [await this.#open(entry), Buffer.from(secretKey)];
    return held !== null && held.length === given.length && timingSafeEqual(held, given);
  }

  #newPair(): ApiKeyPair {
    const secretId = `${secretIdPrefix}${randomAlphanumerics(this.#randomBytes, madeChars)}`;
    return { secretId, secretKey: randomAlphanumerics(this.#randomBytes, madeChars) };
  }

  #details({ name: id, value, createdAtMs, updatedAtMs }: Entry<KeptApiKey>): ApiKeyDetails {
    const { name, sealed } = value;
    return { id, name, usable: this.#safe.opens(sealed), createdAtMs, updatedAtMs };
  }
}

/** Beside the names of keys, none of which has a colon: neither kind can be passed off as the other. */
function sealedName(secretId: string): string {
  return `${kind}:${secretId}`;
}

function keptEntry(entry: Entry): Entry<KeptApiKey> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- entries of this kind are written here alone
  return entry as Entry<KeptApiKey>;
}
