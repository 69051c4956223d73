import { engineLimits } from "../engine-limits.ts";
import { FifoQueue } from "../fifo-queue.ts";

/**
 * Health of an endpoint. `healthy`: the endpoint replies. `unproven`: no reply has come yet. `suspect`: POSTs fail or
 * get no reply. Slots of unproven and suspect endpoints count as suspect slots.
 */
export type Health = "healthy" | "unproven" | "suspect";

/** An endpoint of this health gets a slot only while suspect slots use less than this share of the limit. */
const shares = { healthy: 1, unproven: 0.75, suspect: 0.5 } as const satisfies Record<Health, number>;

/** The part of a sender that `Slots` uses. */
export interface SlotUser {
  readonly origin: string;
  /** The most POSTs that this sender may have in flight. */
  readonly windowMax: number;
  readonly health: Health;
  /** Called when a slot may be free. */
  resume(): void;
}

/** Permission for one POST in flight. */
export interface Slot {
  readonly originLimit: SlotLimit;
  /** The endpoint's health when the slot was taken. */
  readonly health: Health;
}

/**
 * Limits the POSTs in flight, in total and per origin, and the bytes of claimed messages. Part of each limit is
 * reserved for healthy endpoints. Suspect endpoints get no further slots when half of the limit is used by suspect
 * slots, and unproven endpoints when three quarters are. The limit per origin keeps a thousand subscriptions to one
 * receiver from opening a thousand connections to it.
 */
export class Slots {
  readonly #total: SlotLimit;
  readonly #origins = new Map<string, SlotLimit>();
  #bytes = 0;

  constructor(slotsMax: number) {
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
    if (!this.#total.hasFree(health, 0)) {
      this.#total.wait(user, health);
      return null;
    }
    originLimit.take(health);
    this.#total.take(health);
    return { originLimit, health };
  }

  free({ originLimit, health }: Slot): void {
    originLimit.free(health);
    this.#total.free(health);
    originLimit.wake();
    this.#total.wake();
  }

  /** True if more messages may be claimed. `reserved`: bytes of the claims that are being prepared. */
  hasBytes(health: Health, reserved = 0): boolean {
    return this.#bytes + reserved < engineLimits.claimedBytesMax * shares[health];
  }

  addBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Called when the user no longer waits for a slot. */
  forget(user: SlotUser): void {
    this.#total.forget(user);
    this.#origins.get(user.origin)?.forget(user);
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
    healthy: new FifoQueue<SlotUser>(),
    unproven: new FifoQueue<SlotUser>(),
    suspect: new FifoQueue<SlotUser>(),
  } as const satisfies Record<Health, FifoQueue<SlotUser>>;
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
   * While slots are free, wakes users in the order of their waiting. A user that takes no slot returns to the end of
   * the queue.
   */
  #wake(users: FifoQueue<SlotUser>, health: Health): void {
    for (let left = users.size; left > 0; left--) {
      const user = users.first;
      if (user === null || !this.hasFree(health, user.windowMax)) return;
      users.remove(user);
      user.resume();
    }
  }
}
