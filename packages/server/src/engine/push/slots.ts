import { engineLimits } from "../engine-limits.ts";
import { FifoQueue } from "../fifo-queue.ts";

/**
 * What is known of an endpoint: it answers; nothing yet, for it has not answered once; or it fails or hangs. The last two
 * are doubtful.
 */
export type Standing = "good" | "unknown" | "slow";

/** How much of a limit may be in doubtful hands when one more of this standing comes. */
const shares = { good: 1, unknown: 0.75, slow: 0.5 } as const satisfies Record<Standing, number>;

/** What a sender tells about its endpoint when it asks for room. */
export interface SlotUser {
  readonly origin: string;
  /** POSTs that it may have in flight at most. */
  readonly windowMax: number;
  readonly standing: Standing;
  /** Called when room may have become free. */
  onRoom(): void;
}

/** A slot in use, as it was taken. */
export interface Slot {
  readonly gate: Gate;
  readonly standing: Standing;
}

/**
 * The POSTs in flight and the message bytes in memory, over all subscriptions and per origin. Endpoints that fail or hang
 * get nothing more once half of it is in doubtful hands, new ones once three quarters are, however many they are: the rest
 * is always left to those that answer. The limit per origin keeps a thousand subscriptions of one receiver from opening a
 * thousand connections to it.
 */
export class Slots {
  readonly #all: Gate;
  readonly #origins = new Map<string, Gate>();
  #bytes = 0;

  constructor(slotsMax: number) {
    this.#all = new Gate(slotsMax);
  }

  get used(): number {
    return this.#all.used;
  }

  /** A slot, or null: then the user is remembered and hears of it when there is room. */
  take(user: SlotUser): Slot | null {
    const { standing } = user;
    let gate = this.#origins.get(user.origin);
    if (gate === undefined) {
      this.#forgetIdleOrigins();
      this.#origins.set(user.origin, (gate = new Gate(engineLimits.inFlightPerOriginMax)));
    }
    if (!gate.hasRoom(standing, user.windowMax)) {
      gate.wait(user, standing);
      return null;
    }
    if (!this.#all.hasRoom(standing, 0)) {
      this.#all.wait(user, standing);
      return null;
    }
    gate.enter(standing);
    this.#all.enter(standing);
    return { gate, standing };
  }

  free({ gate, standing }: Slot): void {
    gate.leave(standing);
    this.#all.leave(standing);
    gate.wake();
    this.#all.wake();
  }

  /** Room for more claimed messages? `reserved`: bytes that are about to be claimed. */
  hasBytes(standing: Standing, reserved = 0): boolean {
    return this.#bytes + reserved < engineLimits.claimedBytesMax * shares[standing];
  }

  addBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  forget(user: SlotUser): void {
    this.#all.forget(user);
    this.#origins.get(user.origin)?.forget(user);
  }

  #forgetIdleOrigins(): void {
    if (this.#origins.size < engineLimits.originsKeptMax) return;
    for (const [origin, gate] of this.#origins) if (gate.isIdle) this.#origins.delete(origin);
  }
}

/** One limit, the share of it that may be in doubtful hands, and those who wait for room under it. */
class Gate {
  readonly #max: number;
  /** By standing, so that a crowd of one kind is not asked each time another makes room. */
  readonly #waiting = {
    good: new FifoQueue<SlotUser>(),
    unknown: new FifoQueue<SlotUser>(),
    slow: new FifoQueue<SlotUser>(),
  } as const satisfies Record<Standing, FifoQueue<SlotUser>>;
  #doubtful = 0;
  used = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get isIdle(): boolean {
    const { good, unknown, slow } = this.#waiting;
    return this.used === 0 && good.size === 0 && unknown.size === 0 && slow.size === 0;
  }

  /** `atLeast`: what one user alone may have, should that be more. */
  hasRoom(standing: Standing, atLeast: number): boolean {
    const max = Math.max(this.#max, atLeast);
    return this.used < max && (standing === "good" || this.#doubtful < max * shares[standing]);
  }

  enter(standing: Standing): void {
    this.used++;
    if (standing !== "good") this.#doubtful++;
  }

  leave(standing: Standing): void {
    this.used--;
    if (standing !== "good") this.#doubtful--;
  }

  wait(user: SlotUser, standing: Standing): void {
    this.#waiting[standing].add(user);
  }

  forget(user: SlotUser): void {
    for (const line of Object.values(this.#waiting)) line.remove(user);
  }

  wake(): void {
    const { good, unknown, slow } = this.#waiting;
    if (good.size > 0) this.#wake(good, "good");
    if (unknown.size > 0) this.#wake(unknown, "unknown");
    if (slow.size > 0) this.#wake(slow, "slow");
  }

  /** The longest waiting first, as long as there is room; who still finds none goes to the end of the line. */
  #wake(users: FifoQueue<SlotUser>, standing: Standing): void {
    for (let left = users.size; left > 0; left--) {
      const user = users.first;
      if (user === null || !this.hasRoom(standing, user.windowMax)) return;
      users.remove(user);
      user.onRoom();
    }
  }
}
