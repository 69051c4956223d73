import { expect, test } from "vitest";
import { engineLimits } from "../engine-limits.ts";
import { Slots, type Slot, type SlotUser, type Standing } from "./slots.ts";

/** A user that takes a slot whenever it hears of room, as long as it wants more. */
class Taker implements SlotUser {
  readonly origin: string;
  readonly windowMax = 64;
  readonly taken: Slot[] = [];
  standing: Standing;
  wants: number;
  readonly #slots: Slots;

  constructor(
    slots: Slots,
    options: { readonly origin: string; readonly standing?: Standing; readonly wants: number },
  ) {
    this.#slots = slots;
    this.origin = options.origin;
    this.standing = options.standing ?? "good";
    this.wants = options.wants;
    this.onRoom();
  }

  onRoom(): void {
    while (this.wants > 0) {
      const slot = this.#slots.take(this);
      if (slot === null) return;
      this.wants--;
      this.taken.push(slot);
    }
  }

  giveBack(count: number): void {
    for (const slot of this.taken.splice(0, count)) this.#slots.free(slot);
  }
}

test("the slow get half of the slots, the others what is left", () => {
  const slots = new Slots(100);
  const slow = new Taker(slots, { origin: "http://slow", standing: "slow", wants: 60 });
  const other = new Taker(slots, { origin: "http://slow.too", standing: "slow", wants: 60 });
  const well = new Taker(slots, { origin: "http://well", wants: 60 });
  expect([slow.taken.length, other.taken.length, well.taken.length]).toEqual([50, 0, 50]);
  expect(slots.used).toBe(100);
});

test("endpoints that nothing is known of leave a quarter to those that answer, however many there are", () => {
  const slots = new Slots(100);
  const unknown = Array.from(
    { length: 200 },
    (_, index) => new Taker(slots, { origin: `http://new${index}`, standing: "unknown", wants: 1 }),
  );
  const well = new Taker(slots, { origin: "http://well", wants: 60 });
  expect(unknown.filter((user) => user.taken.length > 0)).toHaveLength(75);
  expect(well.taken).toHaveLength(25);
  unknown[0]?.giveBack(1);
  expect(well.taken).toHaveLength(26);
  well.wants = 0;
  well.giveBack(26);
  expect(unknown.filter((user) => user.taken.length > 0)).toHaveLength(75);
});

test("a slot counts as what it was taken as, although its endpoint has changed since", () => {
  const slots = new Slots(4);
  const user = new Taker(slots, { origin: "http://a", standing: "slow", wants: 2 });
  user.standing = "good";
  user.giveBack(2);
  const slow = new Taker(slots, { origin: "http://b", standing: "slow", wants: 4 });
  expect(slow.taken).toHaveLength(2);
});

test("who found no room hears of it in the order in which they asked", () => {
  const slots = new Slots(2);
  const first = new Taker(slots, { origin: "http://a", wants: 2 });
  const second = new Taker(slots, { origin: "http://b", wants: 1 });
  const third = new Taker(slots, { origin: "http://c", wants: 1 });
  first.giveBack(1);
  expect([second.taken.length, third.taken.length]).toEqual([1, 0]);
  first.giveBack(1);
  expect(third.taken).toHaveLength(1);
});

test("who was forgotten hears of nothing", () => {
  const slots = new Slots(1);
  const first = new Taker(slots, { origin: "http://a", wants: 1 });
  const gone = new Taker(slots, { origin: "http://b", wants: 1 });
  slots.forget(gone);
  first.giveBack(1);
  expect(gone.taken).toHaveLength(0);
  expect(slots.used).toBe(0);
});

test("one origin gets inFlightPerOriginMax over all its subscriptions, and another is not held up by it", () => {
  const slots = new Slots(10_000);
  const many = Array.from({ length: 10 }, () => new Taker(slots, { origin: "http://a", wants: 64 }));
  const other = new Taker(slots, { origin: "http://b", wants: 64 });
  expect(many.reduce((total, { taken }) => total + taken.length, 0)).toBe(engineLimits.inFlightPerOriginMax);
  expect(other.taken).toHaveLength(64);
  many[0]?.giveBack(10);
  expect(many.reduce((total, { taken }) => total + taken.length, 0)).toBe(engineLimits.inFlightPerOriginMax);
});

test("bytes: the slow may add to half of claimedBytesMax, and what is about to be claimed counts", () => {
  const slots = new Slots(1);
  const half = engineLimits.claimedBytesMax / 2;
  slots.addBytes(half - 1);
  expect([slots.hasBytes("slow"), slots.hasBytes("slow", 1), slots.hasBytes("good", half)]).toEqual([
    true,
    false,
    true,
  ]);
  expect(slots.hasBytes("good", half + 1)).toBe(false);
});
