import { createHash, timingSafeEqual } from "node:crypto";
import { isTopicGranted, mayUse, type AccessNeed, type Grant } from "../../domain/access-rules.ts";
import { parseToken } from "../../domain/api-token.ts";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { AccountId, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { everyPage } from "../../store/every-page.ts";
import type { Store } from "../../store/store.ts";
import type { ActiveAccount } from "../accounts/account-settings.ts";
import { accountKind, type Accounts } from "../accounts/accounts.ts";
import { apiKeyKind, type AccountApiKeys } from "./account-api-keys.ts";
import type { KeyIdentity } from "./api-keys.ts";
import { FailedAttempts } from "./failed-attempts.ts";
import { KeyWatch, operatorTokenId } from "./key-watch.ts";
import { KeyUses } from "./key-uses.ts";

export interface AccessOptions {
  readonly store: Store;
  readonly accounts: Accounts;
  readonly apiKeysOf: (accountId: AccountId) => AccountApiKeys;
  readonly clock: Clock;
  /** The token of an operator who is known without a stored key; null: there is none. */
  readonly operatorToken: string | null;
  /** True: only programs of this machine can reach the server, which therefore needs no key. */
  readonly isLocal: boolean;
  /** Receives errors of background work, which has no caller. */
  readonly failed: (error: unknown) => void;
}

/** The sender of a request, and the account on which the request acts. */
export interface Caller extends Grant {
  /** The id of the API key; null: the request needs no key. */
  readonly keyId: string | null;
  /** For people, such as the name of the API key. */
  readonly name: string;
  readonly account: ActiveAccount;
  /** When the API key expires; null: never. */
  readonly expiresAtMs: TimeMs | null;
  /** True: the key belongs to a portal link. */
  readonly isPortal: boolean;
}

/** The detail of the error for requests that the key of a portal link is not valid for. */
export const portalRefusal = "A portal link is not valid for this request.";

/** The value of `#operatorUntilMs` if there is no operator's key. */
const never: TimeMs = Number.NEGATIVE_INFINITY;

interface Known {
  readonly identity: KeyIdentity;
  /** The caller of requests that name no account; null: there was no such request. */
  caller: Caller | null;
}

/** Finds out who makes a request, and refuses what the caller may not do. */
export class Access {
  readonly keyWatch: KeyWatch;
  readonly #options: AccessOptions;
  readonly #attempts: FailedAttempts;
  readonly #uses: KeyUses;
  readonly #operatorHash: Buffer | null;
  /** The keys of recent requests, by the text of their token. */
  readonly #known = new Map<string, Known>();
  /** When the last operator's key expires; `never`: there is none. null: not known. */
  #operatorUntilMs: TimeMs | null = null;
  /** True: an operator's key was seen since the start. The server then stays closed, even if the key is revoked. */
  #isClosed = false;
  /** Counts the changes of keys and accounts. What was read before a change must not be kept after it. */
  #changes = 0;

  constructor(options: AccessOptions) {
    this.#options = options;
    const { clock, apiKeysOf, failed, operatorToken, store } = options;
    this.#attempts = new FailedAttempts(clock);
    this.#uses = new KeyUses({ clock, failed, write: (accountId, id, atMs) => apiKeysOf(accountId).used(id, atMs) });
    this.#operatorHash = operatorToken === null ? null : sha256(operatorToken);
    store.entries.onChange((change) => {
      if (change !== null && change.kind !== apiKeyKind && change.kind !== accountKind) return;
      this.#changes++;
      this.#operatorUntilMs = null;
      // The other keys stay known: their requests must be served even if the address has too many failures.
      for (const [token, known] of this.#known) {
        if (change === null || (change.kind === apiKeyKind && change.name === known.identity.id)) {
          this.#known.delete(token);
        } else known.caller = null;
      }
    });
    const find = { identityOf: (id: string) => this.identityOf(id), isOpen: () => this.isOpen() };
    // Created last, because its listener must be called after the reset above.
    this.keyWatch = new KeyWatch({ store, clock, failed, ...find });
  }

  /**
   * True: a request without a key may do everything, because only programs of this machine can reach the server and
   * there was no operator's key since the start.
   */
  async isOpen(): Promise<boolean> {
    if (!this.#options.isLocal || this.#operatorHash !== null || this.#isClosed) return false;
    this.#isClosed = (await this.#operatorUntil()) !== never;
    return !this.#isClosed;
  }

  /** True if there is a valid operator's key, so that somebody can manage a server that is not open. */
  async hasOperator(): Promise<boolean> {
    return this.#operatorHash !== null || (await this.#operatorUntil()) > this.#options.clock.wall();
  }

  /** True for a text with the form of an API key, and for the operator's token. */
  isOwnToken(text: string): boolean {
    return parseToken(text) !== null || this.#isOperatorToken(text);
  }

  /**
   * Returns the caller with this token, without waiting. null: `authenticate` must look for the key. Most requests come
   * with a token that was used a moment ago, and name no account.
   */
  recent(token: string, accountName: string | null): Caller | null {
    const known = this.#known.get(token);
    if (known === undefined || this.#isExpired(known.identity)) return null;
    if (accountName !== null) return this.callerWith(known.identity, accountName, true);
    this.#uses.record(known.identity);
    return (known.caller ??= this.callerWith(known.identity, null, true));
  }

  /**
   * Returns the key that the token belongs to. `source` is the address of the client. Throws `invalid_api_key`, always
   * with the same sentence, and `too_many_failures` after too many wrong tokens from one source.
   */
  async authenticate(token: string, source: string): Promise<KeyIdentity> {
    this.#attempts.assertMayTry(source);
    const changes = this.#changes;
    const identity = await this.#identify(token);
    if (identity === null || this.#isExpired(identity)) {
      this.#attempts.failed(source);
      throw new RingbackError("invalid_api_key");
    }
    if (changes === this.#changes) this.#remember(token, identity);
    return identity;
  }

  #remember(token: string, identity: KeyIdentity): void {
    if (this.#known.size >= limits.recentApiKeysMax) this.#known.clear();
    this.#known.set(token, { identity, caller: null });
  }

  /**
   * Runs the check of a secret, such as a signature, and returns its result. The check throws if the secret is wrong.
   * Clients whose checks throw an error that `isWrongSecret` recognises are slowed down: then the check does not run,
   * whether the secret is right or wrong. `source` is the address of the client. Throws `too_many_failures`, and what
   * the check throws.
   */
  async checked<T>(source: string, check: () => Promise<T>, isWrongSecret: (error: unknown) => boolean): Promise<T> {
    this.#attempts.assertMayTry(source);
    try {
      return await check();
    } catch (error) {
      if (isWrongSecret(error)) this.#attempts.failed(source);
      throw error;
    }
  }

  /** For a key that was proved by a signature. Returns null if there is no such key, or if it is not valid any more. */
  async identityOf(secretId: string): Promise<KeyIdentity | null> {
    const found = await this.#options.store.entries.find(apiKeyKind, secretId);
    const identity = found && (await this.#options.apiKeysOf(found.accountId).identityOf(secretId));
    return identity === null || this.#isExpired(identity) ? null : identity;
  }

  /** Returns the SecretKey as bytes, or null if there is no such key, or if it is not valid any more. */
  async secretOf(secretId: string): Promise<Uint8Array | null> {
    const found = await this.#options.store.entries.find(apiKeyKind, secretId);
    return found && this.#options.apiKeysOf(found.accountId).secretOf(secretId);
  }

  /**
   * Returns the caller with this key. `accountName` is the account that the request names; null: it names none. Throws
   * `forbidden` if the key is not valid for the account, whether the account exists or not, and `account_not_found`.
   *
   * `mayBePortal`: the caller of this method checks what the key of a portal link is valid for. By default such a key
   * is `forbidden`, so that no further API is open to it by mistake.
   */
  callerWith(identity: KeyIdentity, accountName: string | null, mayBePortal = false): Caller {
    if (identity.isPortal === true && !mayBePortal) throw new RingbackError("forbidden", portalRefusal);
    this.#uses.record(identity);
    const { id: keyId, name, role, topics, allAccounts, expiresAtMs, isPortal = false } = identity;
    const account = this.#accountFor(identity, accountName);
    return { keyId, name, role, topics, allAccounts, expiresAtMs, isPortal, account };
  }

  /** The caller of a request without a key, to an open server. */
  openCaller(accountName: string | null): Caller {
    const { accounts } = this.#options;
    return { ...anyone, account: accountName === null ? accounts.default : this.#named(accountName) };
  }

  /** Waits until the last uses of all keys are written. */
  async stop(): Promise<void> {
    await this.#uses.stop();
  }

  #accountFor({ accountId, allAccounts }: KeyIdentity, name: string | null): ActiveAccount {
    const { accounts } = this.#options;
    if (name !== null && allAccounts) return this.#named(name);
    try {
      const account = accounts.byId(accountId);
      if (name === null || name === account.name) return account;
    } catch (error) {
      if (!(error instanceof RingbackError) || error.code !== "account_not_found") throw error;
      // The account is being deleted. Its keys are no longer valid.
      throw new RingbackError("invalid_api_key");
    }
    throw new RingbackError("forbidden", "The API key is not valid for the account that the request names.");
  }

  #named(name: string): ActiveAccount {
    const account = this.#options.accounts.find(name);
    if (account !== null) return account;
    throw new RingbackError("account_not_found", `There is no account "${name}".`);
  }

  async #identify(text: string): Promise<KeyIdentity | null> {
    const { accounts, store, apiKeysOf } = this.#options;
    if (this.#isOperatorToken(text)) {
      return { ...operator, accountId: accounts.default.id };
    }
    const token = parseToken(text);
    if (token === null) return null;
    const found = await store.entries.find(apiKeyKind, token.id);
    const accountId = found?.accountId ?? accounts.default.id;
    return apiKeysOf(accountId).identify(token.id, token.secret);
  }

  #isOperatorToken(text: string): boolean {
    return this.#operatorHash !== null && timingSafeEqual(sha256(text), this.#operatorHash);
  }

  #isExpired({ expiresAtMs }: KeyIdentity): boolean {
    return expiresAtMs !== null && expiresAtMs <= this.#options.clock.wall();
  }

  async #operatorUntil(): Promise<TimeMs> {
    if (this.#operatorUntilMs !== null) return this.#operatorUntilMs;
    const changes = this.#changes;
    const untilMs = await this.#findOperator();
    if (changes === this.#changes) this.#operatorUntilMs = untilMs;
    return untilMs;
  }

  /** Operators' keys belong to the default account. */
  async #findOperator(): Promise<TimeMs> {
    const { accounts, apiKeysOf } = this.#options;
    const apiKeys = apiKeysOf(accounts.default.id);
    let untilMs: TimeMs = never;
    for await (const keys of everyPage((page) => apiKeys.list(page))) {
      for (const { role, expiresAtMs } of keys) {
        if (role === "operator") untilMs = Math.max(untilMs, expiresAtMs ?? Number.POSITIVE_INFINITY);
      }
    }
    return untilMs;
  }
}

/** Throws `forbidden`. */
export function assertMay(caller: Grant, need: AccessNeed): void {
  if (mayUse(caller.role, need)) return;
  throw new RingbackError(
    "forbidden",
    `The request needs an API key with the role "${need}", or one that includes it.`,
  );
}

/** Throws `forbidden`. */
export function assertForAllAccounts({ allAccounts }: Grant): void {
  if (!allAccounts)
    throw new RingbackError("forbidden", "The request needs an API key that is valid for all accounts.");
}

/** Throws `forbidden`, whether the topic exists or not. `topic` null: what the request is about belongs to no topic. */
export function assertTopicGranted({ topics }: Grant, topic: string | null): void {
  if (topics === null || (topic !== null && isTopicGranted(topics, topic))) return;
  throw new RingbackError("forbidden", "The API key is limited to certain topics, and not valid for this request.");
}

const unlimitedOperator: Grant = { role: "operator", topics: null, allAccounts: true };
const anyone = { ...unlimitedOperator, keyId: null, name: "anyone", expiresAtMs: null, isPortal: false };
const operator = { ...unlimitedOperator, id: operatorTokenId, name: "operatorToken", expiresAtMs: null };

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
