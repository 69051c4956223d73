import { unlimited, type AccountLimits } from "../../domain/account-limits.ts";
import { RingbackError } from "../../domain/errors.ts";
import type { AccountId, Entry } from "../../domain/model.ts";
import { Mutex } from "../../domain/mutex.ts";
import { assertCondition, untilWritten, WriteConflict, type WriteCondition } from "../../domain/write-condition.ts";
import { AccountEntries } from "../../store/account-entries.ts";
import type { EntryChange } from "../../store/entries.ts";
import { everyPage } from "../../store/every-page.ts";
import type { Label } from "../../store/label.ts";
import { Listeners } from "../../store/listeners.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { Store } from "../../store/store.ts";
import {
  settingsDefault,
  type AccountDetails,
  type AccountSettings,
  type ActiveAccount,
  type DeletionProgress,
  type StoredAccount,
} from "./account-settings.ts";

/** The kind of the entries. */
export const accountKind = "account";

/** Generated app ids have ten digits. */
const appIdMin = 1_000_000_000;
const appIdRange = 9_000_000_000;

export interface AccountsOptions {
  readonly store: Store;
  /** Returns a random whole number below `max`. */
  readonly randomInt: (max: number) => number;
  /** Receives errors of background work, which has no caller. */
  readonly failed: (error: unknown) => void;
}

/**
 * All accounts. They are entries of the default account, and are kept in memory, because every request names one. The
 * default account exists always.
 */
export class Accounts {
  readonly #options: AccountsOptions;
  readonly #entries: AccountEntries<StoredAccount>;
  readonly #byId = new Map<AccountId, ActiveAccount>();
  readonly #byName = new Map<string, ActiveAccount>();
  readonly #deleting = new Map<string, AccountId>();
  readonly #deletionStarted = new Listeners<string>();
  readonly #gone = new Listeners<AccountId>();
  readonly #mutex = new Mutex();

  constructor(options: AccountsOptions) {
    this.#options = options;
    const { store } = options;
    this.#entries = new AccountEntries(store, store.catalog.defaultAccount().id, accountKind);
    this.#add({ ...store.catalog.defaultAccount(), limits: unlimited });
    store.catalog.limitAccounts((id) => this.limitsOf(id));
    store.entries.onChange((change) => {
      this.#changed(change).catch(options.failed);
    });
  }

  /** Reads all accounts, and writes the default one at the first start. Must be called before the first request. */
  async start(): Promise<void> {
    const { name } = this.default;
    if ((await this.#entries.get(name)) === null) await this.put(name, settingsDefault);
    await this.#load();
  }

  async #load(): Promise<void> {
    const found = new Set<AccountId>([this.default.id]);
    this.#deleting.clear();
    for await (const entries of everyPage((page) => this.#entries.list(page, (entry) => entry))) {
      for (const entry of entries) {
        this.#remember(entry);
        if (!entry.value.isDeleting) found.add(entry.value.id);
      }
    }
    for (const account of this.#byId.values()) if (!found.has(account.id)) this.#forget(account.name);
  }

  get default(): ActiveAccount {
    return this.byId(this.#options.store.catalog.defaultAccount().id);
  }

  /** All accounts that are not being deleted. */
  active(): Iterable<ActiveAccount> {
    return this.#byId.values();
  }

  /** Ids of all accounts that are not being deleted. */
  ids(): Iterable<AccountId> {
    return this.#byId.keys();
  }

  /** False for an account that is being deleted. */
  has(id: AccountId): boolean {
    return this.#byId.has(id);
  }

  /** Names and ids of the accounts that are being deleted. */
  deleting(): Iterable<readonly [string, AccountId]> {
    return this.#deleting;
  }

  /** Calls the listener with the name of each account whose deletion this process has started. */
  onDeletionStarted(listener: (name: string) => void): void {
    this.#deletionStarted.add(listener);
  }

  /** Calls the listener when no request may use the account any more. Its deletion may have been started elsewhere. */
  onGone(listener: (id: AccountId) => void): void {
    this.#gone.add(listener);
  }

  /** Whether there is another account than the default one. */
  get areSeveral(): boolean {
    return this.#byId.size > 1;
  }

  /** Returns null if there is no such account, or if the account is being deleted. */
  find(name: string): ActiveAccount | null {
    return this.#byName.get(name) ?? null;
  }

  /** Throws `account_not_found` for an account that was deleted in the meantime. */
  byId(id: AccountId): ActiveAccount {
    const account = this.#byId.get(id);
    if (account === undefined) throw new RingbackError("account_not_found");
    return account;
  }

  /** Throws `account_not_found` for an account that is being deleted. */
  limitsOf(id: AccountId): AccountLimits {
    return this.byId(id).limits;
  }

  /** The name, for the log and the metrics; of an account that is being deleted, its id. */
  nameOf(id: AccountId): string {
    return this.#byId.get(id)?.name ?? String(id);
  }

  /** The number that some dialects send to identify the account. A deleted account has the number 0. */
  appIdOf(id: AccountId): number {
    return this.#byId.get(id)?.appId ?? 0;
  }

  /** Throws `account_deleting`, `immutable_field`, `entry_limit` and `precondition_failed`. */
  put(
    name: string,
    settings: AccountSettings,
    condition?: WriteCondition,
  ): Promise<{ account: AccountDetails; created: boolean }> {
    return this.#mutex.run(async () => {
      const before = await this.#entries.get(name);
      assertCondition(condition, before);
      if (before?.value.isDeleting === true) throw new RingbackError("account_deleting");
      const { catalog } = this.#options.store;
      const id = before?.value.id ?? (await catalog.ensureAccount(name));
      const appId = this.#appId(id, settings.appId, before?.value.appId);
      const { entry, created } = await this.#entries.put(
        name,
        { ...settings, id, appId, isDeleting: false },
        condition,
      );
      this.#remember(entry);
      return { account: detailsOf(entry, null), created };
    });
  }

  async get(name: string): Promise<AccountDetails | null> {
    const entry = await this.#entries.get(name);
    return entry && this.#details(entry);
  }

  /** Sorted by name. If `label` is given, only accounts with this label are returned. */
  async list(page: PageRequest, label?: Label): Promise<Page<AccountDetails>> {
    const { items, next } = await this.#entries.list(page, (entry) => entry, label);
    return { items: await Promise.all(items.map((entry) => this.#details(entry))), next };
  }

  /**
   * Refuses all further requests for the account. `AccountDeletion` then removes everything that belongs to it. Returns
   * null if there is no such account. Throws `precondition_failed`, and `immutable_field` for the default account.
   */
  async startDeletion(name: string, condition?: WriteCondition): Promise<AccountDetails | null> {
    if (name === this.default.name) {
      throw new RingbackError("immutable_field", `The account "${name}" cannot be deleted.`);
    }
    const entry = await untilWritten(async () => {
      const before = await this.#entries.get(name);
      assertCondition(condition, before);
      if (before === null) return null;
      const { entry: marked } = await this.#entries.put(name, { ...before.value, isDeleting: true }, before);
      this.#remember(marked);
      return marked;
    });
    if (entry === null) return null;
    this.#deletionStarted.notify(name);
    return this.#details(entry);
  }

  /**
   * Removes the entry of an account of which nothing is left. Another node may have removed it, and the name may belong
   * to a new account already.
   */
  async endDeletion(name: string, id: AccountId): Promise<void> {
    const entry = await this.#entries.get(name);
    try {
      if (entry?.value.id === id) await this.#entries.delete(name, entry);
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error;
    }
    if (this.#deleting.get(name) === id) this.#deleting.delete(name);
  }

  async #details(entry: Entry<StoredAccount>): Promise<AccountDetails> {
    const { id, isDeleting } = entry.value;
    if (!isDeleting) return detailsOf(entry, null);
    const { catalog, entries } = this.#options.store;
    const [topicsLeft, entriesLeft] = await Promise.all([catalog.countTopics(id), entries.count(id)]);
    return detailsOf(entry, { topicsLeft, entriesLeft });
  }

  #appId(id: AccountId, given: number | null, before: number | undefined): number {
    const { catalog } = this.#options.store;
    const { id: defaultId, appId } = catalog.defaultAccount();
    if (id !== defaultId) return given ?? before ?? appIdMin + this.#options.randomInt(appIdRange);
    if (given === null || given === appId) return appId;
    throw RingbackError.at("immutable_field", "appId", "of the default account is the setting accountAppId");
  }

  async #changed(change: EntryChange): Promise<void> {
    if (change === null) return this.#load();
    if (change.kind !== accountKind || change.accountId !== this.default.id) return;
    const entry = await this.#entries.get(change.name);
    if (entry !== null) return this.#remember(entry);
    this.#deleting.delete(change.name);
    this.#forget(change.name);
  }

  #remember({ name, value }: Entry<StoredAccount>): void {
    const { id, limits } = value;
    const { catalog } = this.#options.store;
    const appId = id === catalog.defaultAccount().id ? catalog.defaultAccount().appId : value.appId;
    if (value.isDeleting) {
      this.#deleting.set(name, id);
      this.#forget(name);
    } else this.#add({ id, name, appId, limits });
  }

  #add(account: ActiveAccount): void {
    this.#byId.set(account.id, account);
    this.#byName.set(account.name, account);
  }

  #forget(name: string): void {
    const account = this.#byName.get(name);
    if (account === undefined || account.id === this.default.id) return;
    this.#byName.delete(name);
    this.#byId.delete(account.id);
    this.#gone.notify(account.id);
  }
}

function detailsOf(
  { name, value, id, version, createdAtMs, updatedAtMs }: Entry<StoredAccount>,
  deletion: DeletionProgress | null,
): AccountDetails {
  const { id: accountId, isDeleting, ...settings } = value;
  const state = isDeleting ? "deleting" : "active";
  return { ...settings, accountId, state, deletion, name, id, version, createdAtMs, updatedAtMs };
}
