import { createHash, timingSafeEqual } from "node:crypto";
import { assertGrant, type Grant } from "../../domain/access-rules.ts";
import { assertApiKeyName, assertApiKeyPair, isSecretId, secretIdPrefix } from "../../domain/api-key-rules.ts";
import { formatToken, tokenSecretChars } from "../../domain/api-token.ts";
import { RingbackError } from "../../domain/errors.ts";
import type { AccountId, Entry, TimeMs } from "../../domain/model.ts";
import { untilWritten, type WriteCondition, WriteConflict } from "../../domain/write-condition.ts";
import { AccountEntries } from "../../store/account-entries.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import { randomAlphanumerics } from "../keys/random-alphanumerics.ts";
import { type Resealed, resealPage, withSealed } from "../keys/reseal.ts";
import { SealedEntries, type SealedEntriesOptions } from "../keys/sealed-entries.ts";
import type { ApiKeyDetails, ApiKeyPair, ApiKeySettings, KeyIdentity, NewApiKey } from "./api-keys.ts";

export interface AccountApiKeysOptions extends SealedEntriesOptions {
  /** Cryptographically secure random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/** A key's entry in the store. The entry's name is the SecretId. */
interface StoredApiKey extends ApiKeySettings {
  /** The SecretKey, sealed, because signatures are verified with it. */
  readonly sealed: string;
  /** The hash of the token's secret; null: the key has no token. */
  readonly tokenHash: string | null;
}

interface StoredUse {
  readonly atMs: TimeMs;
}

/** Length of generated ids and keys, 190 bits each. Existing client programs may not accept longer ones. */
const generatedChars = 32;

/** The kind of the entries. The names are unique over all accounts, because a request names the key first. */
export const apiKeyKind = "@api-key";
/** The kind of the entries with the last use of each key. */
const useKind = "api-key-use";

/** The members of `AccountApiKeys` that the API and the configuration use. */
export type ApiKeys = Omit<AccountApiKeys, "unusable" | "reseal">;

/** The account's API keys. The SecretKey is stored sealed, and the token is stored as a hash. */
export class AccountApiKeys {
  readonly #accountId: AccountId;
  readonly #isDefaultAccount: boolean;
  readonly #entries: SealedEntries<StoredApiKey, Uint8Array>;
  readonly #uses: AccountEntries<StoredUse>;
  readonly #randomBytes: AccountApiKeysOptions["randomBytes"];

  constructor({ randomBytes, ...options }: AccountApiKeysOptions) {
    this.#accountId = options.accountId;
    this.#isDefaultAccount = options.accountId === options.store.catalog.defaultAccount().id;
    this.#randomBytes = randomBytes;
    this.#uses = new AccountEntries(options.store, options.accountId, useKind);
    this.#entries = new SealedEntries(options, {
      kind: apiKeyKind,
      // Contains a colon, which names of keys cannot contain. So a stored API key cannot be opened as a key, or a key
      // as an API key.
      sealedName: (secretId) => `api-key:${secretId}`,
      read: (jwk) => (jwk.kty === "oct" ? Buffer.from(jwk.k, "base64url") : null),
    });
  }

  /**
   * Stores `pair`, or generates a new pair when it is null. Creating the same pair again only updates the settings.
   * Throws `invalid_key`, `invalid_name`, `invalid_request`, `api_key_exists`, `master_key_missing` and `entry_limit`.
   */
  async create(settings: ApiKeySettings, given: ApiKeyPair | null): Promise<NewApiKey & { created: boolean }> {
    const pair = given ?? this.#newPair();
    this.#assertCanStore(settings, pair);
    let before = await this.#entry(pair.secretId);
    while (before === null) {
      const secret = randomAlphanumerics(this.#randomBytes, tokenSecretChars);
      const sealed = await this.#seal(pair);
      const value = storedKey(settings, sealed, hashOf(secret));
      try {
        const entry = await this.#putEntry(pair.secretId, value, "absent");
        const token = formatToken({ id: pair.secretId, secret });
        return { apiKey: await this.#details(entry), pair, token, created: true };
      } catch (error) {
        if (error instanceof RingbackError && error.code === "name_taken") throw keyExists();
        if (!(error instanceof WriteConflict)) throw error;
        // Another request has created the pair in the meantime.
        before = await this.#entry(pair.secretId);
      }
    }
    if (!(await this.#holds(before, pair))) throw keyExists();
    return { apiKey: await this.#update(settings, pair, before), pair, token: null, created: false };
  }

  /** Like `create`, but replaces an existing pair with the same SecretId, and makes no token. */
  async put(settings: ApiKeySettings, pair: ApiKeyPair): Promise<ApiKeyDetails> {
    this.#assertCanStore(settings, pair);
    return this.#update(settings, pair, await this.#entry(pair.secretId));
  }

  /**
   * Creates a key with the settings of an existing one, which expires after `overlapMs`. Returns null if there is no
   * such key.
   */
  async rotate(id: string, nowMs: TimeMs, overlapMs: number): Promise<NewApiKey | null> {
    const before = await this.#entry(id);
    if (before === null) return null;
    const settings = settingsOf(before.value);
    const replacement = await this.create(settings, null);
    await untilWritten(async () => {
      const present = await this.#entry(id);
      // Another request has deleted the key in the meantime.
      if (present === null) return;
      const expiresAtMs = Math.min(present.value.expiresAtMs ?? Infinity, nowMs + overlapMs);
      await this.#putEntry(id, { ...present.value, expiresAtMs }, present);
    });
    return replacement;
  }

  async get(id: string): Promise<ApiKeyDetails | null> {
    const entry = await this.#entry(id);
    return entry && this.#details(entry);
  }

  /** Sorted by id. */
  async list(page: PageRequest): Promise<Page<ApiKeyDetails>> {
    const { items, next } = await this.#entries.list(page, (entry) => entry);
    return { items: await Promise.all(items.map((entry) => this.#details(entry))), next };
  }

  /**
   * Revokes the key at once on this node, and on other nodes when the change notice arrives there. Returns false if
   * there is no such key.
   */
  async delete(id: string): Promise<boolean> {
    if (!isSecretId(id) || !(await this.#entries.delete(id))) return false;
    await this.#uses.delete(id);
    return true;
  }

  /** Seals the SecretKeys of one page with the first master key. */
  reseal(page: PageRequest): Promise<Resealed> {
    return resealPage(this.#entries, page, (value, id) =>
      withSealed(value, (sealed) => this.#entries.reseal(id, sealed)),
    );
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

  /** Returns null if there is no such key, or if it has another token. */
  async identify(id: string, tokenSecret: string): Promise<KeyIdentity | null> {
    const entry = await this.#entry(id);
    // The hash is computed for an unknown id, too, so that the answer takes the same time.
    const given = Buffer.from(hashOf(tokenSecret));
    const held = Buffer.from(entry?.value.tokenHash ?? "");
    return entry !== null && held.length === given.length && timingSafeEqual(held, given)
      ? this.#identity(entry)
      : null;
  }

  async identityOf(id: string): Promise<KeyIdentity | null> {
    const entry = await this.#entry(id);
    return entry && this.#identity(entry);
  }

  /** Records the last use. */
  async used(id: string, atMs: TimeMs): Promise<void> {
    if ((await this.#entry(id)) !== null) await this.#uses.put(id, { atMs });
  }

  #assertCanStore(settings: ApiKeySettings, pair: ApiKeyPair): void {
    assertApiKeyName("name", settings.name);
    assertGrant(settings);
    if (settings.allAccounts && !this.#isDefaultAccount) {
      throw RingbackError.at("invalid_request", "allAccounts", "can be true only in the default account");
    }
    assertApiKeyPair(pair);
    this.#entries.assertSeals();
  }

  async #update(
    settings: ApiKeySettings,
    pair: ApiKeyPair,
    before: Entry<StoredApiKey> | null,
  ): Promise<ApiKeyDetails> {
    // Each sealing gives another text. Without this check, putting the same pair again would count as a change.
    const isSame = before !== null && this.#entries.isFresh(before.value.sealed) && (await this.#holds(before, pair));
    const sealed = isSame ? before.value.sealed : await this.#seal(pair);
    const entry = await this.#putEntry(pair.secretId, storedKey(settings, sealed, before?.value.tokenHash ?? null));
    return this.#details(entry);
  }

  #seal({ secretId, secretKey }: ApiKeyPair): Promise<string> {
    const k = Buffer.from(secretKey).toString("base64url");
    return this.#entries.seal(secretId, { kty: "oct", k });
  }

  async #putEntry(id: string, value: StoredApiKey, condition?: WriteCondition): Promise<Entry<StoredApiKey>> {
    return (await this.#entries.put(id, value, condition)).entry;
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

  async #details({ name: id, value, createdAtMs, updatedAtMs }: Entry<StoredApiKey>): Promise<ApiKeyDetails> {
    const use = await this.#uses.get(id);
    const usable = this.#entries.opens(value.sealed);
    return { id, ...settingsOf(value), usable, lastUsedAtMs: use?.value.atMs ?? null, createdAtMs, updatedAtMs };
  }

  #identity({ name: id, value }: Entry<StoredApiKey>): KeyIdentity {
    return { id, accountId: this.#accountId, ...settingsOf(value) };
  }
}

function settingsOf({ name, role, topics, allAccounts, expiresAtMs, isPortal }: StoredApiKey): ApiKeySettings {
  return { name, role, topics, allAccounts, expiresAtMs, ...(isPortal === true && { isPortal }) };
}

function storedKey(settings: ApiKeySettings, sealed: string, tokenHash: string | null): StoredApiKey {
  return { ...settings, sealed, tokenHash };
}

/** The secret is random and long, so that a fast hash is enough. */
function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

/** The grant of a key that a caller creates without naming a role. */
export const grantDefault: Grant = { role: "admin", topics: null, allAccounts: false };

function keyExists(): RingbackError {
  return RingbackError.at(
    "api_key_exists",
    "secretId",
    "exists already with another secretKey, or with one that cannot be decrypted; delete it first to replace it",
  );
}
