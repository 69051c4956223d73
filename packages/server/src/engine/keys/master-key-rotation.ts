import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { AccountId, PushSettings, Subscription, SubscriptionId } from "../../domain/model.ts";
import { untilWritten } from "../../domain/write-condition.ts";
import type { PageRequest } from "../../store/page.ts";
import type { Store } from "../../store/store.ts";
import { type EndpointSecrets, subscriptionOwner } from "./endpoint-secrets.ts";
import type { MasterKeys } from "./master-key.ts";
import type { Resealed } from "./reseal.ts";

/** Resources of one account that contain secrets. */
interface SecretHolder {
  reseal(page: PageRequest): Promise<Resealed>;
}

export interface MasterKeyRotationOptions {
  readonly store: Pick<Store, "catalog">;
  readonly masterKeys: MasterKeys;
  readonly endpointSecrets: Pick<EndpointSecrets, "reseal">;
  readonly accountIds: () => Iterable<AccountId>;
  readonly holdersOf: (accountId: AccountId) => Readonly<Record<AccountPart, SecretHolder>>;
  /** Makes a master key and stores it where the next start finds it. null: master keys come from the configuration. */
  readonly makeKey: () => string | null;
}

/** The parts of an account in the order in which their secrets are sealed again. */
const accountParts = ["keys", "apiKeys", "inboxes", "hooks"] as const;
type AccountPart = (typeof accountParts)[number];

export interface RotationStep {
  /** Identifies the master key that seals. */
  readonly masterKid: string;
  /** True: this step has made the master key. */
  readonly isNewKey: boolean;
  /** Numbers of the resources whose secrets this step has sealed again. */
  readonly resealed: Readonly<Record<AccountPart | "subscriptions", number>>;
  /** The argument of the next step; null: all secrets are sealed with the first master key. */
  readonly next: string | null;
}

/** One step reads up to this many pages. Most accounts have few secrets, so that a step finishes many accounts. */
const pagesPerStep = 20;
/** A step ends after the page with which it has sealed this many resources, so that its response does not take long. */
const resealedPerStep = 400;

/** The next page to seal. Accounts come in the order of their ids, and the subscriptions of all accounts at the end. */
interface Position {
  readonly account: number;
  readonly part: AccountPart | "subscriptions";
  readonly after: string | null;
}

/** Seals all secrets with the first master key again, in bounded steps, while the server and other servers run. */
export class MasterKeyRotation {
  readonly #options: MasterKeyRotationOptions;

  constructor(options: MasterKeyRotationOptions) {
    this.#options = options;
  }

  /**
   * `after` null: begins, and makes a new master key if the server keeps its own. Otherwise continues. A rotation that
   * was interrupted may begin again. Throws `master_key_missing` and `invalid_cursor`.
   */
  async step(after: string | null): Promise<RotationStep> {
    const { masterKeys, makeKey } = this.#options;
    let position: Position | null = after === null ? firstPosition : parsePosition(after);
    const made = after === null ? makeKey() : null;
    if (made !== null) masterKeys.add(made);
    if (masterKeys.sealing === null) throw new RingbackError("master_key_missing", noMasterKey);
    const resealed = { keys: 0, apiKeys: 0, inboxes: 0, hooks: 0, subscriptions: 0 };
    let total = 0;
    for (let pages = 0; pages < pagesPerStep && total < resealedPerStep && position !== null; pages++) {
      const { count, next } = await this.#page(position);
      resealed[position.part] += count;
      total += count;
      position = next === null ? this.#following(position) : { ...position, after: next };
    }
    const next = position && JSON.stringify([position.account, position.part, position.after]);
    return { masterKid: masterKeys.sealing.kid, isNewKey: made !== null, resealed, next };
  }

  #page({ account, part, after }: Position): Promise<Resealed> {
    if (part === "subscriptions") return this.#subscriptions(Number(after ?? 0) as SubscriptionId);
    const accountId = this.#nextAccount(account);
    if (accountId === null) return Promise.resolve({ count: 0, next: null });
    return this.#options.holdersOf(accountId)[part].reseal({ after, limit: limits.pageItemsMax });
  }

  #following({ account, part }: Position): Position | null {
    if (part === "subscriptions") return null;
    const present = this.#nextAccount(account);
    const next = accountParts[accountParts.indexOf(part) + 1];
    if (present !== null && next !== undefined) return { account: present, part: next, after: null };
    const following = present === null ? null : this.#nextAccount(present + 1);
    return following === null
      ? { account: 0, part: "subscriptions", after: null }
      : { account: following, part: accountParts[0], after: null };
  }

  /** The account with the smallest id that is not below this number. */
  #nextAccount(from: number): AccountId | null {
    let found: AccountId | null = null;
    for (const id of this.#options.accountIds()) if (id >= from && (found === null || id < found)) found = id;
    return found;
  }

  async #subscriptions(after: SubscriptionId): Promise<Resealed> {
    const { catalog } = this.#options.store;
    const page = await catalog.subscriptionsWithSecrets(after, limits.pageItemsMax);
    let count = 0;
    for (const { id } of page) if (await untilWritten(() => this.#subscription(id))) count++;
    const last = page.at(-1);
    return { count, next: last === undefined || page.length < limits.pageItemsMax ? null : String(last.id) };
  }

  async #subscription(id: SubscriptionId): Promise<boolean> {
    const { store, endpointSecrets } = this.#options;
    const subscription: Subscription | null = await store.catalog.getSubscriptionById(id);
    const push: PushSettings | null = subscription?.settings.push ?? null;
    if (subscription === null || push === null) return false;
    const resealed = await endpointSecrets.reseal(subscriptionOwner(subscription), push);
    if (resealed === push) return false;
    const settings = { ...subscription.settings, push: resealed };
    await store.catalog.putSubscription(subscription.topicId, subscription.name, settings, "now", subscription);
    return true;
  }
}

const firstPosition: Position = { account: 0, part: accountParts[0], after: null };
const noMasterKey = "The server has no master key. Configure one, such as the output of `openssl rand -base64 32`.";

function parsePosition(text: string): Position {
  const value: unknown = JSON.parse(text);
  const [account, part, after] = Array.isArray(value) ? (value as unknown[]) : [];
  const isPart = part === "subscriptions" || accountParts.some((one) => one === part);
  if (Number.isSafeInteger(account) && isPart && (after === null || typeof after === "string")) {
    return { account: account as number, part: part as Position["part"], after };
  }
  throw new RingbackError("invalid_cursor");
}
