import { expect, test } from "vitest";
import type { AccountId } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";
import { type Health, Slots, type Slot, type SlotUser } from "./slots.ts";

const [noisy, quiet, third] = [1, 2, 3] as [AccountId, AccountId, AccountId];

/** A user of slots that takes free slots until it has taken `wants` of them. */
class Taker implements SlotUser {
  readonly accountId: AccountId;
  readonly origin: string;
  readonly windowMax = 64;
  readonly taken: Slot[] = [];
  health: Health;
  wants: number;
  readonly #slots: Slots;

  constructor(
    slots: Slots,
    options: {
      readonly origin: string;
      readonly health?: Health;
      readonly wants: number;
      readonly account?: AccountId;
    },
  ) {
    this.#slots = slots;
    this.accountId = options.account ?? noisy;
    this.origin = options.origin;
    this.health = options.health ?? "healthy";
    this.wants = options.wants;
    this.resume();
  }

  resume(): void {
    while (this.wants > 0) {
      const slot = this.#slots.take(this);
      if (slot === null) return;
      this.wants--;
      this.taken.push(slot);
    }
  }

  free(count: number): void {
    for (const slot of this.taken.splice(0, count)) this.#slots.free(slot);
  }
}

test("suspect endpoints get at most half of the slots", () => {
  const slots = new Slots(100);
  const suspect = new Taker(slots, { origin: "http://suspect", health: "suspect", wants: 60 });
  const other = new Taker(slots, { origin: "http://suspect.too", health: "suspect", wants: 60 });
  const healthy = new Taker(slots, { origin: "http://healthy", wants: 60 });
  expect([suspect.taken.length, other.taken.length, healthy.taken.length]).toEqual([50, 0, 50]);
  expect(slots.used).toBe(100);
});

test("unproven endpoints leave a quarter of the slots to healthy ones, however many there are", () => {
  const slots = new Slots(100);
  const unproven = Array.from(
    { length: 200 },
    (_, index) => new Taker(slots, { origin: `http://new${index}`, health: "unproven", wants: 1 }),
  );
  const healthy = new Taker(slots, { origin: "http://healthy", wants: 60 });
  expect(unproven.filter((user) => user.taken.length > 0)).toHaveLength(75);
  expect(healthy.taken).toHaveLength(25);
  unproven[0]?.free(1);
  expect(healthy.taken).toHaveLength(26);
  healthy.wants = 0;
  healthy.free(26);
  expect(unproven.filter((user) => user.taken.length > 0)).toHaveLength(75);
});

test("a slot keeps the health that it was taken with, even if the endpoint's health has changed", () => {
  const slots = new Slots(4);
  const user = new Taker(slots, { origin: "http://a", health: "suspect", wants: 2 });
  user.health = "healthy";
  user.free(2);
  const suspect = new Taker(slots, { origin: "http://b", health: "suspect", wants: 4 });
  expect(suspect.taken).toHaveLength(2);
});

test("waiting users get free slots in the order in which they came", () => {
  const slots = new Slots(2);
  const first = new Taker(slots, { origin: "http://a", wants: 2 });
  const second = new Taker(slots, { origin: "http://b", wants: 1 });
  const third = new Taker(slots, { origin: "http://c", wants: 1 });
  first.free(1);
  expect([second.taken.length, third.taken.length]).toEqual([1, 0]);
  first.free(1);
  expect(third.taken).toHaveLength(1);
});

test("a forgotten user gets no slot", () => {
  const slots = new Slots(1);
  const first = new Taker(slots, { origin: "http://a", wants: 1 });
  const gone = new Taker(slots, { origin: "http://b", wants: 1 });
  slots.forget(gone);
  first.free(1);
  expect(gone.taken).toHaveLength(0);
  expect(slots.used).toBe(0);
});

test("one origin gets inFlightPerOriginMax slots over all its subscriptions, and others are not affected", () => {
  const slots = new Slots(10_000);
  const many = Array.from({ length: 10 }, () => new Taker(slots, { origin: "http://a", wants: 64 }));
  const other = new Taker(slots, { origin: "http://b", wants: 64 });
  expect(many.reduce((total, { taken }) => total + taken.length, 0)).toBe(engineLimits.inFlightPerOriginMax);
  expect(other.taken).toHaveLength(64);
  many[0]?.free(10);
  expect(many.reduce((total, { taken }) => total + taken.length, 0)).toBe(engineLimits.inFlightPerOriginMax);
});

test("suspect endpoints get at most half of claimedBytesMax, and reserved bytes count", () => {
  const slots = new Slots(1);
  const half = engineLimits.claimedBytesMax / 2;
  slots.addBytes(noisy, half - 1);
  expect([slots.hasBytes("suspect"), slots.hasBytes("suspect", 1)]).toEqual([true, false]);
  expect([slots.hasBytes("healthy", half), slots.hasBytes("healthy", half + 1)]).toEqual([true, false]);
});

test("while there are several accounts, one of them leaves a quarter of the slots and bytes to the others", () => {
  let isShared = false;
  const slots = new Slots(100, () => isShared);
  const alone = new Taker(slots, { origin: "http://a", wants: 100 });
  expect(alone.taken).toHaveLength(100);
  alone.free(100);
  isShared = true;
  const many = Array.from({ length: 1_000 }, (_, index) => new Taker(slots, { origin: `http://n${index}`, wants: 1 }));
  const other = new Taker(slots, { origin: "http://q", wants: 25, account: quiet });
  expect([many.filter(({ taken }) => taken.length > 0).length, other.taken.length]).toEqual([75, 25]);
  slots.addBytes(noisy, engineLimits.claimedBytesMax * 0.75);
  expect([slots.hasBytesFor(noisy, 0), slots.hasBytesFor(quiet, 0), slots.hasBytes("healthy")]).toEqual([
    false,
    true,
    true,
  ]);
});

test("freed slots go to the waiting accounts in turns, however many users of one account wait", () => {
  const slots = new Slots(4, () => true);
  const holders = [noisy, third].map((account) => new Taker(slots, { origin: `http://${account}`, wants: 2, account }));
  const many = Array.from({ length: 1_000 }, (_, index) => new Taker(slots, { origin: `http://n${index}`, wants: 1 }));
  const late = new Taker(slots, { origin: "http://q", wants: 2, account: quiet });
  holders[0]?.free(1);
  holders[1]?.free(1);
  expect(late.taken).toHaveLength(1);
  expect(many.filter(({ taken }) => taken.length > 0)).toHaveLength(1);
});
