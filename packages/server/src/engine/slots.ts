import { engineLimits } from "./engine-limits.ts";
import { WaitingLine } from "./waiting-line.ts";

/** What a lane tells about its endpoint when it asks for room. */
export interface SlotUser {
  readonly origin: string;
  /** POSTs that it may have in flight at most. */
  readonly windowMax: number;
  /** Its endpoint fails or does not answer. */
  readonly isSlow: boolean;
  /** Called when room may have become free. */
  onRoom(): void;
}

/** A slot in use, as it was taken. */
export interface Slot {
  readonly gate: Gate;
  readonly slow: boolean;
}

/**
 * The POSTs in flight and the message bytes in memory, over all subscriptions and per origin. Endpoints that fail or hang
 * may use half of each at the most, however many they are: the other half is always left to those that answer. The limit
 * per origin keeps a thousand subscriptions of one receiver from opening a thousand connections to it.
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
    const slow = user.isSlow;
    let gate = this.#origins.get(user.origin);
    if (gate === undefined) {
      this.#forgetIdleOrigins();
      this.#origins.set(user.origin, (gate = new Gate(engineLimits.inFlightPerOriginMax)));
    }
    if (!gate.hasRoom(slow, user.windowMax)) {
      gate.wait(user, slow);
      return null;
    }
    if (!this.#all.hasRoom(slow, 0)) {
      this.#all.wait(user, slow);
      return null;
    }
    gate.enter(slow);
    this.#all.enter(slow);
    return { gate, slow };
  }

  free({ gate, slow }: Slot): void {
    gate.leave(slow);
    this.#all.leave(slow);
    gate.wake();
    this.#all.wake();
  }

  /** Room for more claimed messages? `reserved`: bytes that are about to be claimed. */
  hasBytes(slow: boolean, reserved = 0): boolean {
    return this.#bytes + reserved < (slow ? engineLimits.claimedBytesMax / 2 : engineLimits.claimedBytesMax);
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

/** One limit, half of it at most for the slow, and those who wait for room under it. */
class Gate {
  readonly #max: number;
  readonly #waiting = new WaitingLine<SlotUser>();
  /** Apart, so that a crowd of them is not asked each time one of the others makes room. */
  readonly #waitingSlow = new WaitingLine<SlotUser>();
  #usedBySlow = 0;
  used = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get isIdle(): boolean {
    return this.used === 0 && this.#waiting.size === 0 && this.#waitingSlow.size === 0;
  }

  /** `atLeast`: what one user alone may have, should that be more. */
  hasRoom(slow: boolean, atLeast: number): boolean {
    const max = Math.max(this.#max, atLeast);
    return this.used < max && (!slow || this.#usedBySlow < max / 2);
  }

  enter(slow: boolean): void {
    this.used++;
    if (slow) this.#usedBySlow++;
  }

  leave(slow: boolean): void {
    this.used--;
    if (slow) this.#usedBySlow--;
  }

  wait(user: SlotUser, slow: boolean): void {
    (slow ? this.#waitingSlow : this.#waiting).add(user);
  }

  forget(user: SlotUser): void {
    this.#waiting.remove(user);
    this.#waitingSlow.remove(user);
  }

  wake(): void {
    if (this.#waiting.size > 0) this.#wake(this.#waiting, false);
    if (this.#waitingSlow.size > 0) this.#wake(this.#waitingSlow, true);
  }

  /** The longest waiting first, as long as there is room; who still finds none goes to the end of the line. */
  #wake(users: WaitingLine<SlotUser>, slow: boolean): void {
    for (let left = users.size; left > 0; left--) {
      const user = users.first;
      if (user === null || !this.hasRoom(slow, user.windowMax)) return;
      users.remove(user);
      user.onRoom();
    }
  }
}
