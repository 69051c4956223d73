// oxlint-disable vitest/no-standalone-expect -- the test is in model.contract.ts.
import { expect } from "vitest";
import { textOf } from "./fixtures.ts";
import type { ModelRun } from "./model-run.ts";
import type { ModelDelivery, ModelSubscription } from "./model.ts";

/** Compares the counts and the dead letters of every subscription with the model. */
export async function check(run: ModelRun): Promise<void> {
  for (const subscription of run.subscriptions) await checkCounts(run, subscription);
}

async function checkCounts(run: ModelRun, subscription: ModelSubscription): Promise<void> {
  const counts = await run.store.records.subscriptionCounts(subscription.id);
  const dead = [...subscription.all("dead").map((delivery) => delivery.message.seq), ...subscription.oldLetters];
  const leased = subscription.leased(run.now).length;
  const waiting = subscription.unsettled.length - leased;
  expect(counts).toMatchObject({ inFlight: leased, deadLetters: dead.length, expired: subscription.expired });
  const found = counts.parked + counts.backlog;
  if (subscription.tag === null) expect(found).toBe(waiting);
  else expect(found).toBeGreaterThanOrEqual(waiting);
  const letters = await run.store.records.listDeadLetters(subscription.id, { after: null, limit: 1_000 });
  expect(letters.items.map((letter) => Number(textOf(letter.message))).toSorted((a, b) => a - b)).toEqual(
    dead.toSorted((a, b) => a - b),
  );
  if (subscription.tag === null) await checkPullCounts(run, subscription);
}

async function checkPullCounts(run: ModelRun, subscription: ModelSubscription): Promise<void> {
  const { unsettled } = subscription;
  const leased = subscription.leased(run.now);
  const later = unsettled.filter((delivery) => isLater(delivery, run.now));
  const delayed = later.filter(({ firstAttemptAtMs }) => firstAttemptAtMs === null).length;
  const kept = run.messages.filter(({ seq }) => seq >= run.firstSeq).length;
  const times = unsettled.map(({ message: { publishedAtMs } }) => publishedAtMs);
  expect(await run.store.records.pullCounts(subscription.id, 0)).toEqual({
    visible: unsettled.length - leased.length - later.length,
    invisible: leased.length + later.length - delayed,
    delayed,
    oldestAtMs: times.length === 0 ? null : Math.min(...times),
    rewindable: kept - unsettled.filter(({ message: { seq } }) => seq >= run.firstSeq).length,
  });
}

function isLater({ fate, message: { deliverAtMs } }: ModelDelivery, nowMs: number): boolean {
  if (fate.kind === "parked") return fate.dueAtMs !== null && fate.dueAtMs > nowMs;
  return fate.kind === "pending" && deliverAtMs !== null && deliverAtMs > nowMs;
}
