import { expect, test } from "vitest";
import { branded } from "../testing/brand.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { VirtualTime } from "../testing/virtual-time.ts";
import { messageOf } from "../testing/simulation.ts";
import type { Settlement } from "../../store/log.ts";
import { Settler } from "./settler.ts";

const { delayMs: _, ...message } = messageOf("x");
const settlement: Settlement = {
  claimId: branded(1),
  subscriptionId: branded(1),
  delivery: {
    message: {
      ...message,
      topicId: branded(1),
      seq: 1,
      publishedAtMs: 0,
      deliverAtMs: null,
      request: null,
      hops: 0,
      trace: null,
    },
    attemptsMade: 0,
    retriesMade: 0,
    firstAttemptAtMs: null,
  },
  attempt: null,
  settled: { kind: "delivered" },
};

function settlerOn(settle: (batch: readonly Settlement[]) => Promise<number>) {
  const time = new VirtualTime();
  const store = new MemoryStore({ clock: time });
  store.log.settle = settle;
  const failures: unknown[] = [];
  return { time, failures, settler: new Settler(store, time, (error) => failures.push(error)) };
}

test("the settlements of one turn of the event loop are written in one call", async () => {
  const batches: number[] = [];
  const { time, settler } = settlerOn((batch) => Promise.resolve(batches.push(batch.length)));
  for (let count = 0; count < 5; count++) settler.add(settlement, null);
  expect(batches).toEqual([]);
  await time.quiet();
  settler.add(settlement, null);
  await time.quiet();
  expect(batches).toEqual([5, 1]);
});

test("a settlement is unwritten until the store has answered, and idle waits for all settlements", async () => {
  const answers: (() => void)[] = [];
  const { time, settler } = settlerOn(() => new Promise((resolve) => answers.push(() => resolve(1))));
  const order: string[] = [];
  settler.add(settlement, () => order.push("first"));
  await time.quiet();
  settler.add(settlement, () => order.push("second"));
  void settler.idle().then(() => order.push("idle"));
  await time.quiet();
  expect(settler.unwritten).toBe(2);
  answers[0]?.();
  await time.quiet();
  expect([order, settler.unwritten]).toEqual([["first"], 1]);
  answers[1]?.();
  await time.quiet();
  expect([order, settler.unwritten]).toEqual([["first", "second", "idle"], 0]);
});

test("an error of the store is reported, and the settlements count as recorded", async () => {
  const fault = new Error("gone");
  const { time, settler, failures } = settlerOn(() => Promise.reject(fault));
  let isOver = false;
  settler.add(settlement, () => (isOver = true));
  await time.quiet();
  await settler.idle();
  expect(failures).toEqual([fault]);
  expect(isOver).toBe(true);
});
