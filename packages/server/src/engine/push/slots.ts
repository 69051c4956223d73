import { engineLimits } from "../engine-limits.ts";
import type { AccountId } from "../../domain/model.ts";
import { FifoQueue } from "../fifo-queue.ts";

/**
 * Health of an endpoint. `healthy`: the endpoint replies. `unproven`: no reply has come yet. `suspect`: POSTs fail or
 * get no reply. Slots of unproven and suspect endpoints count as suspect slots.
 */
export type Health = "healthy" | "unproven" | "suspect";

/** An endpoint of this health gets a slot only while suspect slots use less than this share of the limit. */
const shares = { healthy: 1, unproven: 0.75, suspect: 0.5 } as const satisfies Record<Health, number>;

/** The share of one account while there are several. */
const accountShare = 0.75;

interface AccountUse {
  readonly slots: SlotLimit;
  /** Bytes of claimed messages. */
  bytes: number;
}

/** The part of a sender that `Slots` uses. */
export interface SlotUser {
  readonly accountId: AccountId;
  readonly origin: string;
  /** The most POSTs that this sender may have in flight. */
  readonly windowMax: number;
  readonly health: Health;
  /** Called when a slot may be free. */
  resume(): void;
}

/** The part of `FailingPace` that `Slots` uses. */
interface Pace {
  mayStart(user: SlotUser): boolean;
  forget(user: SlotUser): void;
}

/** Permission for one POST in flight. */
export interface Slot {
  readonly originLimit: SlotLimit;
  readonly accountLimit: SlotLimit;
  /** The endpoint's health when the slot was taken. */
  readonly health: Health;
}

/**
 * Limits the POSTs in flight, in total and per origin, and the bytes of claimed messages. Part of each limit is
 * reserved for healthy endpoints. Suspect endpoints get no further slots when half of the limit is used by suspect
 * slots, and unproven endpoints when three quarters are. The limit per origin keeps a thousand subscriptions to one
 * receiver from opening a thousand connections to it. While there are several accounts, one of them gets at most three
 * quarters of the slots and bytes, and freed slots go to the waiting accounts in turns.
 */
export class Slots {
  readonly #total: SlotLimit;
  readonly #origins = new Map<string, SlotLimit>();
  readonly #accounts = new Map<AccountId, AccountUse>();
  readonly #slotsMax: number;
  readonly #isShared: () => boolean;
  readonly #pace: Pace | null;
  #bytes = 0;

  /** `isShared`: whether there are several accounts. `pace`: limits the POSTs to failing endpoints of each of them. */
  constructor(slotsMax: number, isShared: () => boolean = () => false, pace: Pace | null = null) {
    this.#slotsMax = slotsMax;
    this.#isShared = isShared;
    this.#pace = pace;
    this.#total = new SlotLimit(slotsMax);
  }

  get used(): number {
    return this.#total.used;
  }

  /** Returns null if no slot is free. `user.resume` is called when a slot may be free. */
  take(user: SlotUser): Slot | null {
    const { health } = user;
    let originLimit = this.#origins.get(user.origin);
    if (originLimit === undefined) {
      this.#forgetIdleOrigins();
      this.#origins.set(user.origin, (originLimit = new SlotLimit(engineLimits.inFlightPerOriginMax)));
    }
    if (!originLimit.hasFree(health, user.windowMax)) {
      originLimit.wait(user, health);
      return null;
    }
    const accountLimit = this.#account(user.accountId).slots;
    // The health counts in the total only.
    if (this.#isShared() && !accountLimit.hasFree("healthy", 0)) {
      accountLimit.wait(user, "healthy");
      return null;
    }
    if (!this.#total.hasFree(health, 0)) {
      this.#total.wait(user, health);
      return null;
    }
    if (health === "suspect" && this.#isShared() && this.#pace?.mayStart(user) === false) return null;
    originLimit.take(health);
    accountLimit.take("healthy");
    this.#total.take(health);
    return { originLimit, accountLimit, health };
  }

  free({ originLimit, accountLimit, health }: Slot): void {
    originLimit.free(health);
    accountLimit.free("healthy");
    this.#total.free(health);
    originLimit.wake();
    accountLimit.wake();
    this.#total.wake();
  }

  /** True if more messages may be claimed. `reserved`: bytes of the claims that are being prepared. */
  hasBytes(health: Health, reserved = 0): boolean {
    return this.#bytes + reserved < engineLimits.claimedBytesMax * shares[health];
  }

  /** True if more messages of the account may be claimed. `reserved`: bytes of its claims that are being prepared. */
  hasBytesFor(accountId: AccountId, reserved: number): boolean {
    if (!this.#isShared()) return true;
    return (this.#accounts.get(accountId)?.bytes ?? 0) + reserved < engineLimits.claimedBytesMax * accountShare;
  }

  /** How many of the claims that are made together may be for one account. */
  get claimsPerAccountMax(): number {
    return engineLimits.claimWantsMax * (this.#isShared() ? accountShare : 1);
  }

  addBytes(accountId: AccountId, bytes: number): void {
    this.#bytes += bytes;
    this.#account(accountId).bytes += bytes;
  }

  #account(accountId: AccountId): AccountUse {
    let account = this.#accounts.get(accountId);
    if (account === undefined) {
      if (this.#accounts.size >= engineLimits.accountsKeptMax) this.#forgetIdleAccounts();
      account = { slots: new SlotLimit(Math.ceil(this.#slotsMax * accountShare)), bytes: 0 };
      this.#accounts.set(accountId, account);
    }
    return account;
  }

  #forgetIdleAccounts(): void {
    for (const [id, { slots, bytes }] of this.#accounts) if (slots.isIdle && bytes === 0) this.#accounts.delete(id);
  }

  /** Called when the user no longer waits for a slot. */
  forget(user: SlotUser): void {
    this.#total.forget(user);
    this.#origins.get(user.origin)?.forget(user);
    this.#accounts.get(user.accountId)?.slots.forget(user);
    this.#pace?.forget(user);
  }

  #forgetIdleOrigins(): void {
    if (this.#origins.size < engineLimits.originsKeptMax) return;
    for (const [origin, limit] of this.#origins) if (limit.isIdle) this.#origins.delete(origin);
  }
}

/** One limit of slots, and the users that wait for a slot. */
class SlotLimit {
  readonly #max: number;
  /** One queue per health. A freed slot thus wakes only users that may take the slot. */
  readonly #waiting = {
    healthy: new AccountTurns(),
    unproven: new AccountTurns(),
    suspect: new AccountTurns(),
  } as const satisfies Record<Health, AccountTurns>;
  /** Slots in use that were taken for unproven and suspect endpoints. */
  #suspect = 0;
  used = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get isIdle(): boolean {
    const { healthy, unproven, suspect } = this.#waiting;
    return this.used === 0 && healthy.size === 0 && unproven.size === 0 && suspect.size === 0;
  }

  /** The limit is `atLeast` if that is larger than the usual limit, so the caller can always use that many slots. */
  hasFree(health: Health, atLeast: number): boolean {
    const max = Math.max(this.#max, atLeast);
    return this.used < max && (health === "healthy" || this.#suspect < max * shares[health]);
  }

  take(health: Health): void {
    this.used++;
    if (health !== "healthy") this.#suspect++;
  }

  free(health: Health): void {
    this.used--;
    if (health !== "healthy") this.#suspect--;
  }

  wait(user: SlotUser, health: Health): void {
    this.#waiting[health].add(user);
  }

  forget(user: SlotUser): void {
    for (const queue of Object.values(this.#waiting)) queue.remove(user);
  }

  wake(): void {
    const { healthy, unproven, suspect } = this.#waiting;
    if (healthy.size > 0) this.#wake(healthy, "healthy");
    if (unproven.size > 0) this.#wake(unproven, "unproven");
    if (suspect.size > 0) this.#wake(suspect, "suspect");
  }

  /**
   * While slots are free, wakes one user of each account in turns, those of one account in the order of their waiting.
   * A user that takes no slot returns to the end of the queue.
   */
  #wake(users: AccountTurns, health: Health): void {
    for (let left = users.size; left > 0; left--) {
      const user = users.first;
      if (user === null || !this.hasFree(health, user.windowMax)) return;
      users.remove(user);
      user.resume();
    }
  }
}

/** Waiting users of several accounts. The first user of each account is first in turns. */
class AccountTurns {
  readonly #accounts = new Map<AccountId, FifoQueue<SlotUser>>();
  readonly #turns = new FifoQueue<AccountId>();
  size = 0;

  get first(): SlotUser | null {
    const next = this.#turns.first;
    return next === null ? null : (this.#accounts.get(next)?.first ?? null);
  }

  add(user: SlotUser): void {
    let users = this.#accounts.get(user.accountId);
    if (users === undefined) {
      this.#accounts.set(user.accountId, (users = new FifoQueue()));
      this.#turns.add(user.accountId);
    }
    const before = users.size;
    users.add(user);
    this.size += users.size - before;
  }

  /** The account of the user is last now. */
  remove(user: SlotUser): void {
    const users = this.#accounts.get(user.accountId);
    if (users === undefined) return;
    const before = users.size;
    users.remove(user);
    this.size -= before - users.size;
    this.#turns.remove(user.accountId);
    if (users.size > 0) this.#turns.add(user.accountId);
    else this.#accounts.delete(user.accountId);
  }
}
