import { engineLimits } from "./engine-limits.ts";

/** What a lane tells about its endpoint when it asks for room. */
export interface SlotUser {
  /** Its endpoint fails or does not answer. */
  readonly isSlow: boolean;
  /** Called when room may have become free. */
  onRoom(): void;
}

/**
 * The POSTs in flight and the message bytes in memory, over all subscriptions. Endpoints that fail or hang may use half
 * of each at the most, however many they are: the other half is always left to those that answer.
 */
export class Slots {
  readonly #slotsMax: number;
  readonly #waiting = new Set<SlotUser>();
  /** Apart, so that a crowd of them is not asked each time one of the others makes room. */
  readonly #waitingSlow = new Set<SlotUser>();
  #used = 0;
  #usedBySlow = 0;
  #bytes = 0;

  constructor(slotsMax: number) {
    this.#slotsMax = slotsMax;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes a slot, or remembers who asked. */
  take(user: SlotUser): boolean {
    const slow = user.isSlow;
    if (!this.#hasRoom(slow)) {
      (slow ? this.#waitingSlow : this.#waiting).add(user);
      return false;
    }
    this.#used++;
    if (slow) this.#usedBySlow++;
    return true;
  }

  /** `slow`: what the user was when it took the slot. */
  free(slow: boolean): void {
    this.#used--;
    if (slow) this.#usedBySlow--;
    if (this.#waiting.size > 0) this.#wake(this.#waiting, false);
    if (this.#waitingSlow.size > 0) this.#wake(this.#waitingSlow, true);
  }

  /** Room for more claimed messages? */
  hasBytes(slow: boolean): boolean {
    return this.#bytes < (slow ? engineLimits.claimedBytesMax / 2 : engineLimits.claimedBytesMax);
  }

  addBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  forget(user: SlotUser): void {
    this.#waiting.delete(user);
    this.#waitingSlow.delete(user);
  }

  #hasRoom(slow: boolean): boolean {
    return this.#used < this.#slotsMax && (!slow || this.#usedBySlow < this.#slotsMax / 2);
  }

  /** The longest waiting first, as long as there is room; who still finds none goes to the end of the line. */
  #wake(users: Set<SlotUser>, slow: boolean): void {
    for (let left = users.size; left > 0 && this.#hasRoom(slow); left--) {
      const user = users.values().next().value as SlotUser;
      users.delete(user);
      user.onRoom();
    }
  }
}
