import { timingSafeEqual } from "node:crypto";
import { assertApiKeyName, assertApiKeyPair, isSecretId, secretIdPrefix } from "../../domain/api-key-rules.ts";
import { RingbackError } from "../../domain/errors.ts";
import type { Entry } from "../../domain/model.ts";
import { type WriteCondition, WriteConflict } from "../../domain/write-condition.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { ApiKeyDetails, ApiKeyPair } from "./api-keys.ts";
import { randomAlphanumerics } from "./random-alphanumerics.ts";
import { SealedEntries, type SealedEntriesOptions } from "./sealed-entries.ts";

export interface AccountApiKeysOptions extends SealedEntriesOptions {
  /** Cryptographically secure random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/** A pair's entry in the store. The entry's name is the SecretId. */
interface StoredApiKey {
  readonly name: string;
  readonly sealed: string;
}

/** Length of generated ids and keys, 190 bits each. Existing client programs may not accept longer ones. */
const generatedChars = 32;

/** The members of `AccountApiKeys` that the API and the configuration use. */
export type ApiKeys = Omit<AccountApiKeys, "unusable">;

/** The account's API keys. They are stored sealed, opened once, and read for every signed request. */
export class AccountApiKeys {
  readonly #entries: SealedEntries<StoredApiKey, Uint8Array>;
  readonly #randomBytes: AccountApiKeysOptions["randomBytes"];

  constructor({ randomBytes, ...options }: AccountApiKeysOptions) {
    this.#randomBytes = randomBytes;
    this.#entries = new SealedEntries(options, {
      kind: "api-key",
      // Contains a colon, which names of keys cannot contain. So a stored API key cannot be opened as a key, or a key
      // as an API key.
      sealedName: (secretId) => `api-key:${secretId}`,
      read: (jwk) => (jwk.kty === "oct" ? Buffer.from(jwk.k, "base64url") : null),
    });
  }

  /**
   * Stores `pair`, or generates a new pair when it is null. Creating the same pair again only updates the name. Throws
   * `invalid_key`, `invalid_name`, `api_key_exists`, `master_key_missing` and `entry_limit`.
   */
  async create(
    name: string,
    given: ApiKeyPair | null,
  ): Promise<{ apiKey: ApiKeyDetails; pair: ApiKeyPair; created: boolean }> {
    const pair = given ?? this.#newPair();
    this.#assertCanStore(name, pair);
    let before = await this.#entry(pair.secretId);
    while (before === null) {
      try {
        const entry = await this.#putEntry(name, pair.secretId, await this.#seal(pair), "absent");
        return { apiKey: this.#details(entry), pair, created: true };
      } catch (error) {
        if (!(error instanceof WriteConflict)) throw error;
        // Another request has created the pair in the meantime.
        before = await this.#entry(pair.secretId);
      }
    }
    if (!(await this.#holds(before, pair))) {
      throw RingbackError.at(
        "api_key_exists",
        "secretId",
        "exists already with another secretKey, or with one that cannot be decrypted; delete it first to replace it",
      );
    }
    return { apiKey: await this.#update(name, pair, before), pair, created: false };
  }

  /** Like `create`, but replaces an existing pair with the same SecretId. */
  async put(name: string, pair: ApiKeyPair): Promise<ApiKeyDetails> {
    this.#assertCanStore(name, pair);
    return this.#update(name, pair, await this.#entry(pair.secretId));
  }

  async get(id: string): Promise<ApiKeyDetails | null> {
    const entry = await this.#entry(id);
    return entry && this.#details(entry);
  }

  /** Sorted by id. */
  list(page: PageRequest): Promise<Page<ApiKeyDetails>> {
    return this.#entries.list(page, (entry) => this.#details(entry));
  }

  /**
   * Revokes the pair at once on this node, and on other nodes when the change notice arrives there. Returns false if
   * there is no such pair.
   */
  async delete(id: string): Promise<boolean> {
    return isSecretId(id) && this.#entries.delete(id);
  }

  /** Ids of the pairs that no configured master key opens. */
  unusable(): Promise<readonly string[]> {
    return this.#entries.unusable();
  }

  /**
   * Returns the SecretKey as HMAC key bytes. Returns null if there is no such pair or no configured master key opens
   * it. Called for every signed request, so results are cached, even for unknown ids. Returns the same object until the
   * pair changes.
   */
  async secretOf(secretId: string): Promise<Uint8Array | null> {
    const entry = await this.#entry(secretId);
    return entry && this.#entries.open(entry);
  }

  #assertCanStore(name: string, pair: ApiKeyPair): void {
    assertApiKeyName("name", name);
    assertApiKeyPair(pair);
    this.#entries.assertSeals();
  }

  async #update(name: string, pair: ApiKeyPair, before: Entry<StoredApiKey> | null): Promise<ApiKeyDetails> {
    // Each sealing gives another text. Without this check, putting the same pair again would count as a change.
    const isSame = before !== null && this.#entries.isFresh(before.value.sealed) && (await this.#holds(before, pair));
    if (isSame && before.value.name === name) return this.#details(before);
    const sealed = isSame ? before.value.sealed : await this.#seal(pair);
    return this.#details(await this.#putEntry(name, pair.secretId, sealed));
  }

  #seal({ secretId, secretKey }: ApiKeyPair): Promise<string> {
    const k = Buffer.from(secretKey).toString("base64url");
    return this.#entries.seal(secretId, { kty: "oct", k });
  }

  async #putEntry(
    name: string,
    secretId: string,
    sealed: string,
    condition?: WriteCondition,
  ): Promise<Entry<StoredApiKey>> {
    return (await this.#entries.put(secretId, { name, sealed }, condition)).entry;
  }

  /** Texts that cannot be a SecretId are not looked up, because anyone can send any number of such texts. */
  async #entry(secretId: string): Promise<Entry<StoredApiKey> | null> {
    return isSecretId(secretId) ? this.#entries.get(secretId) : null;
  }

  async #holds(entry: Entry<StoredApiKey>, { secretKey }: Pick<ApiKeyPair, "secretKey">): Promise<boolean> {
    const [held, given] = [await this.#entries.open(entry), Buffer.from(secretKey)];
    return held !== null && held.length === given.length && timingSafeEqual(held, given);
  }

  #newPair(): ApiKeyPair {
    const secretId = `${secretIdPrefix}${randomAlphanumerics(this.#randomBytes, generatedChars)}`;
    return { secretId, secretKey: randomAlphanumerics(this.#randomBytes, generatedChars) };
  }

  #details({ name: id, value, createdAtMs, updatedAtMs }: Entry<StoredApiKey>): ApiKeyDetails {
    const { name, sealed } = value;
    return { id, name, usable: this.#entries.opens(sealed), createdAtMs, updatedAtMs };
  }
}
