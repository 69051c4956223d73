// oxlint-disable vitest/no-standalone-expect -- the test is in model.contract.ts.
import { expect } from "vitest";
import type { Order, Seq, Start } from "../../domain/model.ts";
import type { PulledSettlement } from "../log.ts";
import { attempt, settings, turn } from "./fixtures.ts";
import { check } from "./model-checks.ts";
import { RETENTION_MS, type ModelRun } from "./model-run.ts";
import { isOver, ModelSubscription, type ModelDelivery, type ModelMessage } from "./model.ts";

const orders: readonly Order[] = ["none", "key", "strict"];
const SUBSCRIPTIONS_MAX = 4;

/** One operation as numbers, so that fast-check can shrink it. */
export interface Step {
  readonly name: keyof typeof operations;
  readonly a: number;
  readonly b: number;
  readonly list: readonly number[];
}

/** A position from the one before the first message to the second one after the last message. */
function someSeq({ earlierSeq, messages }: ModelRun, number: number): Seq {
  return earlierSeq + (number % (messages.length + 3));
}

/** True for a position after that of the next message. */
function isInFuture({ lastSeq }: ModelRun, start: Start): boolean {
  return typeof start === "object" && "seq" in start && start.seq > lastSeq + 1;
}

type Operation = (run: ModelRun, a: number, b: number, list: readonly number[]) => Promise<void>;

const publish: Operation = async (run, _a, _b, list) => {
  const drafts = run.draft(list);
  const result = await run.append(drafts);
  expect(result).toMatchObject({ firstSeq: run.lastSeq + 1, publishedAtMs: run.now });
  run.accept(drafts);
};

const subscribe: Operation = async (run, a, b) => {
  if (run.subscriptions.length >= SUBSCRIPTIONS_MAX) return;
  const name = `s${++run.nameCount}`;
  const order = orders[a % 3] as Order;
  const tag = b % 4 === 0 ? "x" : null;
  const starts: readonly Start[] = [
    "now",
    "oldest",
    { seq: someSeq(run, a >> 2) },
    { atMs: run.now - (a >> 2) * 1_000 },
  ];
  const start = starts[(b >> 2) % starts.length] as Start;
  const filter = { tags: tag === null ? [] : [tag], types: [] };
  const put = run.store.catalog.putSubscription(run.scene.topic.id, name, settings({ order, filter }), start);
  if (isInFuture(run, start)) {
    await expect(put).rejects.toMatchObject({ code: "invalid_request" });
    return;
  }
  const { subscription } = await put;
  const model = new ModelSubscription(subscription.id, name, order, tag);
  for (const each of run.messages) {
    if (each.seq < run.firstSeq) continue;
    const wanted =
      start === "oldest" ||
      (typeof start === "object" && ("seq" in start ? each.seq >= start.seq : each.publishedAtMs >= start.atMs));
    if (wanted) model.add(each);
  }
  run.subscriptions.push(model);
};

const changeOrder: Operation = async (run, a, b) => {
  const subscription = run.pick(a);
  if (subscription === null) return;
  const order = orders[b % 3] as Order;
  const filter = { tags: subscription.tag === null ? [] : [subscription.tag], types: [] };
  await run.store.catalog.putSubscription(run.scene.topic.id, subscription.name, settings({ order, filter }), "now");
  subscription.changeOrder(order, run.now);
};

const unsubscribe: Operation = async (run, a, b) => {
  const subscription = run.pick(a);
  if (subscription === null || b % 3 !== 0) return;
  expect(await run.store.catalog.deleteSubscription(run.scene.topic.id, subscription.name)).toBe(true);
  run.subscriptions.splice(run.subscriptions.indexOf(subscription), 1);
};

const pause: Operation = async (run, a) => {
  const subscription = run.pick(a);
  if (subscription === null) return;
  subscription.paused = !subscription.paused;
  const state = subscription.paused ? "paused" : "active";
  await run.store.catalog.setSubscriptionState(run.scene.topic.id, subscription.name, state);
};

const claim: Operation = async (run, a, b) => {
  const subscription = run.pick(a);
  if (subscription === null) return;
  await run.claim(subscription, 1 + (b % 6), b % 8 !== 7, b % 2 === 0 ? 10_000 : 60_000);
};

const settle: Operation = async (run, a, b, list) => {
  const open = run.claims[a % Math.max(1, run.claims.length)];
  if (open === undefined) return;
  let all = run.settlementsOf(open, list);
  if (b % 3 === 0) all = all.toReversed().slice(0, 1 + (b % 4));
  const certain = all.filter((each) => run.owns(open, each) !== null);
  const owned = certain.filter((each) => run.owns(open, each) === true);
  expect(await run.store.log.settle([...certain, ...certain])).toBe(owned.length);
  for (const each of owned) run.apply(open.subscription, each);
  for (const each of all) {
    if (run.owns(open, each) !== null) continue;
    const applied = await run.store.log.settle([each]);
    if (applied === 1) run.apply(open.subscription, each);
  }
};

/** Receivers answer for deliveries, with valid and with outdated receipt handles. */
const answer: Operation = async (run, a, b, list) => {
  const subscription = run.pick(a);
  if (subscription === null) return;
  const parked = subscription.all("parked", "open", "delivered").slice(0, 8);
  const answers = parked.map(({ message: { seq }, retries, firstAttemptAtMs, attempts }, index): PulledSettlement => {
    const number = list[index % Math.max(1, list.length)] ?? b;
    const pulled = { seq, retriesMade: retries, firstAttemptAtMs: firstAttemptAtMs ?? run.now };
    if (number % 7 === 6) pulled.retriesMade++;
    if (number % 3 !== 0) return { pulled, answer: { kind: "due", dueAtMs: run.now + (number >> 3) * 1_000 } };
    return { pulled, answer: { kind: "delivered", attempt: attempt(attempts + 1, "accepted") } };
  });
  const isInvisible = ({ fate }: ModelDelivery): boolean =>
    fate.kind === "parked" && fate.dueAtMs !== null && fate.dueAtMs > run.now;
  const expected = parked.map((delivery, index) => {
    const { retriesMade, firstAttemptAtMs } = (answers[index] as PulledSettlement).pulled;
    const isUnchanged = delivery.retries === retriesMade && delivery.firstAttemptAtMs === firstAttemptAtMs;
    return isInvisible(delivery) && isUnchanged;
  });
  expect(await run.store.log.settlePulled(subscription.id, answers)).toEqual(expected);
  for (const [index, delivery] of parked.entries()) {
    if (expected[index] !== true) continue;
    const { answer } = answers[index] as PulledSettlement;
    if (answer.kind === "due") delivery.fate = { kind: "parked", dueAtMs: answer.dueAtMs };
    else {
      delivery.attempts++;
      delivery.fate = { kind: "delivered" };
      delivery.blocks = null;
    }
  }
};

const rewind: Operation = async (run, a, b) => {
  const subscription = run.pick(a);
  if (subscription === null || b % 2 === 0) return;
  const starts: readonly Exclude<Start, "now">[] = [
    "oldest",
    { seq: someSeq(run, a >> 2) },
    { atMs: run.now - (a >> 2) * 500 },
  ];
  const to = starts[(b >> 1) % starts.length] as Exclude<Start, "now">;
  const rewinding = run.store.log.rewind(subscription.id, to);
  if (isInFuture(run, to)) {
    await expect(rewinding).rejects.toMatchObject({ code: "invalid_request" });
    return;
  }
  expect(await rewinding).toBe(true);
  const kept = run.messages.filter(({ seq }) => seq >= run.firstSeq);
  const first = kept.find(
    (each) => to === "oldest" || ("seq" in to ? each.seq >= to.seq : each.publishedAtMs >= to.atMs),
  );
  if (first !== undefined) subscription.rewind(first.seq, kept);
};

const renew: Operation = async (run, a, b) => {
  const open = run.claims[a % Math.max(1, run.claims.length)];
  if (open === undefined) return;
  const leaseMs = 1_000 * (1 + (b % 50));
  const leased = run.subscriptions.includes(open.subscription)
    ? open.subscription.leased(run.now).filter(({ fate }) => fate.kind === "open" && fate.claimId === open.claim.id)
    : [];
  expect(await run.store.log.renew([open.claim.id], leaseMs)).toEqual(leased.length > 0 ? [open.claim.id] : []);
  for (const { fate } of leased)
    if (fate.kind === "open") fate.leaseUntilMs = Math.max(fate.leaseUntilMs, run.now + leaseMs);
};

const advance: Operation = (run, a) => {
  run.scene.under.clock.advance(1_000 * (a % 40));
  return Promise.resolve();
};

const crash: Operation = async (run) => {
  await run.scene.under.crash();
  run.claims.length = 0;
  for (const subscription of run.subscriptions) subscription.crash();
};

/** Ends the process during a publish: afterwards the log has all of its messages or none. */
const publishAndCrash: Operation = async (run, a, b, list) => {
  const drafts = run.draft(list);
  const unanswered = run.append(drafts).catch(() => null);
  for (let turns = 0; turns < a % 4; turns++) await turn();
  await crash(run, a, b, list);
  await unanswered;
  const found = await Promise.all(
    drafts.map(({ seq }) => run.store.records.getMessage(run.scene.topic.accountId, run.scene.idOf(seq))),
  );
  const foundCount = found.filter((record) => record !== null).length;
  expect([0, drafts.length]).toContain(foundCount);
  if (foundCount > 0) run.accept(drafts);
};

/** Ends the process during a call of `settle`: afterwards all of its settlements are applied or none. */
const settleAndCrash: Operation = async (run, a, b, list) => {
  const open = run.claims[a % Math.max(1, run.claims.length)];
  if (open === undefined || !run.subscriptions.includes(open.subscription)) return;
  const { subscription } = open;
  const tried = run
    .settlementsOf(open, list)
    .filter(
      (each) => run.owns(open, each) === true && each.attempt !== null && each.delivery.message.seq >= run.firstSeq,
    );
  const unanswered = run.store.log.settle(tried).catch(() => 0);
  for (let turns = 0; turns < b % 4; turns++) await turn();
  await run.scene.under.crash();
  await unanswered;
  const applied = await Promise.all(
    tried.map(
      async ({
        delivery: {
          message: { seq },
          attemptsMade,
        },
      }) => {
        const record = await run.scene.deliveryOf(seq, subscription);
        return (record?.attempts.length ?? 0) > attemptsMade;
      },
    ),
  );
  expect(new Set(applied).size).toBeLessThanOrEqual(1);
  if (applied[0] === true) for (const each of tried) run.apply(subscription, each);
  run.claims.length = 0;
  for (const each of run.subscriptions) each.crash();
};

const retain: Operation = async (run) => {
  const before = new Map<ModelSubscription, number>();
  const open: number[] = [];
  for (const subscription of run.subscriptions) {
    for (const { message, redriven } of subscription.leased(run.now)) if (!redriven) open.push(message.seq);
  }
  const firstOpen = Math.min(...open, Number.MAX_SAFE_INTEGER);
  for (let more = true; more;) {
    const result = await run.store.log.retain();
    more = result.more;
    for (const { subscriptionId, count } of result.expired) {
      const subscription = run.subscriptions.find((each) => each.id === subscriptionId);
      if (subscription !== undefined) before.set(subscription, (before.get(subscription) ?? 0) + count);
    }
  }
  while (run.firstSeq <= run.lastSeq && run.firstSeq < firstOpen) {
    const oldest = run.messages[run.firstSeq - run.earlierSeq - 1] as ModelMessage;
    if (oldest.publishedAtMs + RETENTION_MS > run.now) break;
    run.firstSeq++;
  }
  for (const subscription of run.subscriptions) await expire(run, subscription, before.get(subscription) ?? 0);
  const kept = await run.store.records.getMessage(run.scene.topic.accountId, run.scene.idOf(run.firstSeq));
  expect(kept === null).toBe(run.firstSeq > run.lastSeq);
  if (run.firstSeq > 1) {
    expect(await run.store.records.getMessage(run.scene.topic.accountId, run.scene.idOf(run.firstSeq - 1))).toBeNull();
  }
};

/**
 * Parked deliveries have become dead letters; the others are counted as expired. The driver may treat a pending
 * delivery either way, because it may have parked the delivery.
 */
async function expire(run: ModelRun, subscription: ModelSubscription, reported: number): Promise<void> {
  const gone = [...subscription.deliveries.values()].filter(
    (delivery) => delivery.message.seq < run.firstSeq && !isOver(delivery) && !delivery.redriven,
  );
  expect(reported).toBe(gone.length);
  const { items } = await run.store.records.listDeadLetters(subscription.id, { after: null, limit: 1_000 });
  const died = new Set(items.filter((letter) => letter.reason === "expired").map((letter) => letter.message.seq));
  for (const delivery of gone) {
    const { fate } = delivery;
    const waiting = fate.kind === "open" ? fate.before : fate;
    const isLetter = died.has(delivery.message.seq);
    if (waiting.kind === "parked") expect(isLetter).toBe(true);
    delivery.fate = { kind: isLetter ? "dead" : "expired" };
    delivery.blocks = null;
    if (!isLetter) subscription.expired++;
  }
}

const changeDeadLetters =
  (change: "redrive" | "purge"): Operation =>
  async (run, a, b, list) => {
    const subscription = run.pick(a);
    if (subscription === null) return;
    const { items } = await run.store.records.listDeadLetters(subscription.id, { after: null, limit: 1_000 });
    const chosen =
      b % 2 === 0 ? items : items.filter((_, index) => ((list[index % Math.max(1, list.length)] ?? 0) & 1) === 1);
    const ids = b % 2 === 0 ? null : chosen.map((letter) => letter.id);
    const count =
      change === "redrive"
        ? await run.store.records.redriveDeadLetters(subscription.id, ids)
        : await run.store.records.purgeDeadLetters(subscription.id, ids);
    expect(count).toBe(chosen.length);
    // A redrive takes the oldest dead letter first. Of two dead letters of one message, the second is only deleted.
    for (const letter of chosen.toReversed()) {
      const { seq } = letter.message;
      const delivery = subscription.deliveries.get(seq) as ModelDelivery;
      if (change === "purge") {
        if (!subscription.forgetOldLetter(seq)) delivery.fate = { kind: "purged" };
        continue;
      }
      if (delivery.fate.kind !== "dead") expect(subscription.forgetOldLetter(seq)).toBe(true);
      if (!isOver(delivery)) continue;
      delivery.fate = { kind: "parked", dueAtMs: run.now };
      delivery.redriven = true;
      delivery.retries = 0;
      delivery.attempts = letter.attemptsMade;
      delivery.firstAttemptAtMs = null;
      delivery.blocks = null;
      delivery.loose = true;
    }
  };

export const operations = {
  publish,
  subscribe,
  changeOrder,
  unsubscribe,
  pause,
  claim,
  settle,
  answer,
  rewind,
  renew,
  advance,
  crash,
  publishAndCrash,
  settleAndCrash,
  retain,
  redrive: changeDeadLetters("redrive"),
  purge: changeDeadLetters("purge"),
  check,
} satisfies Record<string, Operation>;

export function runStep(run: ModelRun, { name, a, b, list }: Step): Promise<void> {
  return operations[name](run, a, b, list);
}
