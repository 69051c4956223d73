// oxlint-disable vitest/no-standalone-expect -- the test is in model.contract.ts.
import { expect } from "vitest";
import type { Order, Start } from "../../domain/model.ts";
import type { Claim, ClaimedDelivery, PulledSettlement, Settled, Settlement } from "../log.ts";
import type { Store } from "../store.ts";
import { attempt, eventually, message, Scene, settings, settlement, textOf, turn } from "./fixtures.ts";
import type { StoreUnderTest } from "./harness.ts";
import { isHeld, isOver, ModelSubscription, type ModelDelivery, type ModelMessage } from "./model.ts";

export const RETENTION_MS = 60_000;
const orders: readonly Order[] = ["none", "key", "strict"];
const keys = [null, "a", "b"];
const tags = [null, "x", "y"];
const delaysMs = [0, 0, 0, 0, 5_000, 20_000, 90_000];
const SUBSCRIPTIONS_MAX = 4;
const DRAIN_ROUNDS_MAX = 400;

/** One operation as numbers, so that shrinking one means something. */
export interface Step {
  readonly what: keyof typeof operations;
  readonly a: number;
  readonly b: number;
  readonly list: readonly number[];
}

interface Held {
  readonly subscription: ModelSubscription;
  readonly claim: Claim;
}

/** A topic, what is done to it, and what should have become of it. */
export class ModelRun {
  readonly scene: Scene;
  readonly messages: ModelMessage[] = [];
  readonly subscriptions: ModelSubscription[] = [];
  readonly claims: Held[] = [];
  firstSeq = 1;
  names = 0;

  private constructor(scene: Scene) {
    this.scene = scene;
  }

  static async start(under: StoreUnderTest): Promise<ModelRun> {
    return new ModelRun(await Scene.make(under, { retentionMs: RETENTION_MS }));
  }

  get store(): Store {
    return this.scene.store;
  }

  get now(): number {
    return this.scene.now;
  }

  async step({ what, a, b, list }: Step): Promise<void> {
    await operations[what](this, a, b, list);
  }

  pick(number: number): ModelSubscription | null {
    return this.subscriptions[number % Math.max(1, this.subscriptions.length)] ?? null;
  }

  // ---- publishing

  draft(list: readonly number[]): ModelMessage[] {
    return (list.length === 0 ? [0] : list).map((number, index) => {
      const seq = this.messages.length + index + 1;
      const delayMs = delaysMs[(number >> 4) % delaysMs.length] as number;
      return {
        seq,
        text: `${seq}`,
        key: keys[number % 3] as string | null,
        tag: tags[(number >> 2) % 3] as string | null,
        publishedAtMs: this.now,
        deliverAtMs: delayMs === 0 ? null : this.now + delayMs,
      };
    });
  }

  append(drafts: readonly ModelMessage[]) {
    return this.scene.publish(
      ...drafts.map(({ text, key, tag, deliverAtMs, publishedAtMs }) =>
        message(text, {
          orderingKey: key,
          tags: tag === null ? [] : [tag],
          delayMs: deliverAtMs === null ? 0 : deliverAtMs - publishedAtMs,
        }),
      ),
    );
  }

  accept(drafts: readonly ModelMessage[]): void {
    this.messages.push(...drafts);
    for (const subscription of this.subscriptions) for (const draft of drafts) subscription.add(draft);
  }

  // ---- claiming

  async claim(
    subscription: ModelSubscription,
    deliveriesMax: number,
    fromLog: boolean,
    leaseMs: number,
  ): Promise<number> {
    let brought = 0;
    await eventually(async () => {
      const wanted = deliveriesMax - brought;
      const claim = await this.scene.claim(subscription, { deliveriesMax: wanted, fromLog }, leaseMs);
      this.#take(subscription, claim, leaseMs);
      brought += claim.deliveries.length;
      expect(claim.deliveries.length).toBeLessThanOrEqual(wanted);
      if (brought === deliveriesMax || !fromLog) return true;
      return !claim.more && subscription.mustBring(this.now).length === 0;
    }).catch((cause: unknown) => {
      const missing = subscription.mustBring(this.now).map((delivery) => delivery.message.seq);
      throw new Error(`A claim of "${subscription.name}" should bring ${missing.join()}.`, { cause });
    });
    return brought;
  }

  #take(subscription: ModelSubscription, claim: Claim, leaseMs: number): void {
    if (claim.deliveries.length > 0) this.claims.push({ subscription, claim });
    if (subscription.paused) expect(claim.deliveries).toEqual([]);
    if (subscription.order !== "none") {
      const seqs = claim.deliveries.map((each) => each.message.seq);
      expect(seqs).toEqual(seqs.toSorted((one, other) => one - other));
    }
    for (const claimed of claim.deliveries) {
      const delivery = this.#known(subscription, claimed);
      const objection = subscription.objection(delivery, this.now);
      if (objection !== null) {
        throw new Error(`"${subscription.name}" (${subscription.order}) got ${claimed.message.seq}, but ${objection}.`);
      }
      const { fate } = delivery;
      const before = fate.kind === "open" ? fate.before : fate;
      if (before.kind !== "pending" && before.kind !== "parked") throw new Error("unreachable");
      delivery.fate = { kind: "open", claimId: claim.id, leaseUntilMs: this.now + leaseMs, before };
    }
  }

  #known(subscription: ModelSubscription, claimed: ClaimedDelivery): ModelDelivery {
    const delivery = subscription.deliveries.get(claimed.message.seq);
    if (delivery === undefined) throw new Error(`"${subscription.name}" got ${claimed.message.seq}, not meant for it.`);
    const { text, key, tag, publishedAtMs, deliverAtMs } = delivery.message;
    expect({ ...claimed.message, body: textOf(claimed.message) }).toMatchObject({
      body: text,
      orderingKey: key,
      tags: tag === null ? [] : [tag],
      publishedAtMs,
      deliverAtMs,
    });
    expect([claimed.attemptsMade, claimed.retriesMade, claimed.firstAttemptAtMs]).toEqual([
      delivery.attempts,
      delivery.retries,
      delivery.firstAttemptAtMs,
    ]);
    return delivery;
  }

  // ---- settling

  choose(number: number): Settled {
    const kinds: readonly Settled[] = [
      { kind: "delivered" },
      { kind: "parked", dueAtMs: this.now + (number >> 3) * 1_000, retriesMade: 1 + (number >> 4) },
      { kind: "held" },
      { kind: "dead", reason: "retries_exhausted" },
      { kind: "released" },
      { kind: "parked", dueAtMs: this.now, retriesMade: 9 },
      // Handed out, as a pull does.
      {
        kind: "parked",
        dueAtMs: this.now + (1 + (number >> 3)) * 1_000,
        retriesMade: 1 + (number >> 4),
        firstAttemptAtMs: this.now,
      },
    ];
    return kinds[number % kinds.length] as Settled;
  }

  settlementsOf({ claim }: Held, list: readonly number[]): Settlement[] {
    return claim.deliveries.map((each, index) => {
      const settled = this.choose(list[index % Math.max(1, list.length)] ?? 0);
      const isHandedOut = settled.kind === "parked" && settled.firstAttemptAtMs !== undefined;
      const made = settlement(claim, each, settled, !isHandedOut);
      return made.attempt === null ? made : { ...made, attempt: { ...made.attempt, startedAtMs: this.now } };
    });
  }

  /** True: the claim holds it; null: its lease is over, and whether the driver has noticed is its own affair. */
  holds({ subscription }: Held, { claimId, delivery }: Settlement): boolean | null {
    const known = subscription.deliveries.get(delivery.message.seq);
    if (known === undefined || known.fate.kind !== "open" || known.fate.claimId !== claimId) return false;
    if (!this.subscriptions.includes(subscription)) return false;
    return isHeld(known, this.now) ? true : null;
  }

  apply(subscription: ModelSubscription, { delivery: { message }, attempt, settled }: Settlement): void {
    const delivery = subscription.deliveries.get(message.seq) as ModelDelivery;
    const { fate } = delivery;
    if (fate.kind !== "open") throw new Error("unreachable");
    if (attempt !== null) delivery.attempts++;
    const key = subscription.keyOf(delivery);
    switch (settled.kind) {
      case "released":
        delivery.fate = fate.before;
        return;
      case "held":
        delivery.fate = { kind: "parked", dueAtMs: key === null ? this.now : null };
        break;
      case "parked":
        delivery.fate = { kind: "parked", dueAtMs: settled.dueAtMs };
        delivery.retries = settled.retriesMade;
        delivery.firstAttemptAtMs ??= attempt?.startedAtMs ?? settled.firstAttemptAtMs ?? null;
        break;
      case "delivered":
      case "dead":
        delivery.fate = { kind: settled.kind };
        break;
    }
    delivery.loose = true;
    delivery.blocks = delivery.fate.kind === "parked" ? key : null;
    if (delivery.blocks !== null) subscription.parkedOutOfOrder(delivery);
  }

  // ---- the end

  /** Delivers everything that is left: nothing may be missing, and nothing may come twice. */
  async drain(): Promise<void> {
    for (const subscription of this.subscriptions) {
      if (subscription.paused)
        await this.store.catalog.setSubscriptionState(this.scene.topic.id, subscription.name, "active");
      subscription.paused = false;
    }
    for (let round = 0; round < DRAIN_ROUNDS_MAX; round++) {
      if (this.subscriptions.every((subscription) => [...subscription.deliveries.values()].every(isOver))) return;
      let brought = 0;
      for (const subscription of this.subscriptions) {
        brought += await this.claim(subscription, 50, true, 1_000);
        for (const held of this.claims.splice(0)) await this.#settleAll(held);
      }
      if (brought === 0) this.scene.under.clock.advance(round % 2 === 0 ? 1 : 2_000);
      await turn();
    }
    const left = this.subscriptions.flatMap((subscription) =>
      [...subscription.deliveries.values()]
        .filter((delivery) => !isOver(delivery))
        .map(({ message: { seq }, fate }) => `${seq} of "${subscription.name}" is still ${JSON.stringify(fate)}`),
    );
    throw new Error(left.join("; "));
  }

  async #settleAll(held: Held): Promise<void> {
    const mine = this.settlementsOf(held, [0]).filter((each) => this.holds(held, each) === true);
    expect(await this.store.log.settle(mine)).toBe(mine.length);
    for (const each of mine) this.apply(held.subscription, each);
  }

  async check(): Promise<void> {
    for (const subscription of this.subscriptions) await checkCounts(this, subscription);
  }
}

async function checkCounts(run: ModelRun, subscription: ModelSubscription): Promise<void> {
  const counts = await run.store.records.subscriptionCounts(subscription.id);
  const dead = [...subscription.all("dead").map((delivery) => delivery.message.seq), ...subscription.oldLetters];
  const held = subscription.held(run.now).length;
  const waiting = [...subscription.deliveries.values()].filter((delivery) => !isOver(delivery)).length - held;
  expect(counts).toMatchObject({ inFlight: held, deadLetters: dead.length, expired: subscription.expired });
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
  const unsettled = [...subscription.deliveries.values()].filter((delivery) => !isOver(delivery));
  const held = subscription.held(run.now);
  const isLater = ({ fate, message: { deliverAtMs } }: ModelDelivery): boolean =>
    fate.kind === "parked"
      ? fate.dueAtMs !== null && fate.dueAtMs > run.now
      : fate.kind === "pending" && deliverAtMs !== null && deliverAtMs > run.now;
  const later = unsettled.filter(isLater);
  const delayed = later.filter(({ firstAttemptAtMs }) => firstAttemptAtMs === null).length;
  const kept = run.messages.filter(({ seq }) => seq >= run.firstSeq).length;
  const times = unsettled.map(({ message: { publishedAtMs } }) => publishedAtMs);
  expect(await run.store.records.pullCounts(subscription.id, 0)).toEqual({
    visible: unsettled.length - held.length - later.length,
    invisible: held.length + later.length - delayed,
    delayed,
    oldestAtMs: times.length === 0 ? null : Math.min(...times),
    rewindable: kept - unsettled.filter(({ message: { seq } }) => seq >= run.firstSeq).length,
  });
}

// ---- what can be done

type Operation = (run: ModelRun, a: number, b: number, list: readonly number[]) => Promise<void>;

const publish: Operation = async (run, _a, _b, list) => {
  const drafts = run.draft(list);
  const receipt = await run.append(drafts);
  expect(receipt).toMatchObject({ firstSeq: run.messages.length + 1, publishedAtMs: run.now });
  run.accept(drafts);
};

const subscribe: Operation = async (run, a, b) => {
  if (run.subscriptions.length >= SUBSCRIPTIONS_MAX) return;
  const name = `s${++run.names}`;
  const order = orders[a % 3] as Order;
  const tag = b % 4 === 0 ? "x" : null;
  const last = run.messages.length;
  const starts: readonly Start[] = [
    "now",
    "oldest",
    { seq: (a >> 2) % (last + 3) },
    { atMs: run.now - (a >> 2) * 1_000 },
  ];
  const start = starts[(b >> 2) % starts.length] as Start;
  const filter = { tags: tag === null ? [] : [tag], types: [] };
  const { subscription } = await run.store.catalog.putSubscription(
    run.scene.topic.id,
    name,
    settings({ order, filter }),
    start,
  );
  const made = new ModelSubscription(subscription.id, name, order, tag);
  // A position that is yet to come counts for later messages as well; keep to what is there.
  if (typeof start === "object" && "seq" in start && start.seq > last + 1) {
    await run.store.catalog.deleteSubscription(run.scene.topic.id, name);
    return;
  }
  for (const each of run.messages) {
    if (each.seq < run.firstSeq) continue;
    const wanted =
      start === "oldest" ||
      (typeof start === "object" && ("seq" in start ? each.seq >= start.seq : each.publishedAtMs >= start.atMs));
    if (wanted) made.add(each);
  }
  run.subscriptions.push(made);
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
  const held = run.claims[a % Math.max(1, run.claims.length)];
  if (held === undefined) return;
  let all = run.settlementsOf(held, list);
  if (b % 3 === 0) all = all.toReversed().slice(0, 1 + (b % 4));
  const sure = all.filter((each) => run.holds(held, each) !== null);
  const mine = sure.filter((each) => run.holds(held, each) === true);
  expect(await run.store.log.settle([...sure, ...sure])).toBe(mine.length);
  for (const each of mine) run.apply(held.subscription, each);
  for (const each of all) {
    if (run.holds(held, each) !== null) continue;
    const applied = await run.store.log.settle([each]);
    if (applied === 1) run.apply(held.subscription, each);
  }
};

/** Receivers say something of what is parked, as it is or as it may have been. */
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
  const isHidden = ({ fate }: ModelDelivery): boolean =>
    fate.kind === "parked" && fate.dueAtMs !== null && fate.dueAtMs > run.now;
  const expected = parked.map((delivery, index) => {
    const { retriesMade, firstAttemptAtMs } = (answers[index] as PulledSettlement).pulled;
    const isAsItWas = delivery.retries === retriesMade && delivery.firstAttemptAtMs === firstAttemptAtMs;
    return isHidden(delivery) && isAsItWas;
  });
  expect(await run.store.log.settlePulled(subscription.id, answers)).toEqual(expected);
  for (const [index, delivery] of parked.entries()) {
    if (expected[index] !== true) continue;
    const said = (answers[index] as PulledSettlement).answer;
    if (said.kind === "due") delivery.fate = { kind: "parked", dueAtMs: said.dueAtMs };
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
  const places: readonly Exclude<Start, "now">[] = [
    "oldest",
    { seq: (a >> 2) % (run.messages.length + 3) },
    { atMs: run.now - (a >> 2) * 500 },
  ];
  const to = places[(b >> 1) % places.length] as Exclude<Start, "now">;
  expect(await run.store.log.rewind(subscription.id, to)).toBe(true);
  const kept = run.messages.filter(({ seq }) => seq >= run.firstSeq);
  const first = kept.find(
    (each) => to === "oldest" || ("seq" in to ? each.seq >= to.seq : each.publishedAtMs >= to.atMs),
  );
  if (first !== undefined) subscription.rewind(first.seq, kept);
};

const renew: Operation = async (run, a, b) => {
  const held = run.claims[a % Math.max(1, run.claims.length)];
  if (held === undefined) return;
  const leaseMs = 1_000 * (1 + (b % 50));
  const still = run.subscriptions.includes(held.subscription)
    ? held.subscription.held(run.now).filter(({ fate }) => fate.kind === "open" && fate.claimId === held.claim.id)
    : [];
  expect(await run.store.log.renew([held.claim.id], leaseMs)).toEqual(still.length > 0 ? [held.claim.id] : []);
  for (const { fate } of still)
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

/** The process ends while a publish is under way: all of it is there afterwards, or nothing. */
const publishAndCrash: Operation = async (run, a, b, list) => {
  const drafts = run.draft(list);
  const unseen = run.append(drafts).catch(() => null);
  for (let turns = 0; turns < a % 4; turns++) await turn();
  await crash(run, a, b, list);
  await unseen;
  const found = await Promise.all(
    drafts.map(({ seq }) => run.store.records.getMessage(run.scene.topic.accountId, run.scene.idOf(seq))),
  );
  const there = found.filter((record) => record !== null).length;
  expect([0, drafts.length]).toContain(there);
  if (there > 0) run.accept(drafts);
};

/** The process ends while settlements are under way: they count all or not at all, whatever they were. */
const settleAndCrash: Operation = async (run, a, b, list) => {
  const held = run.claims[a % Math.max(1, run.claims.length)];
  if (held === undefined || !run.subscriptions.includes(held.subscription)) return;
  const { subscription } = held;
  const tried = run
    .settlementsOf(held, list)
    .filter(
      (each) => run.holds(held, each) === true && each.attempt !== null && each.delivery.message.seq >= run.firstSeq,
    );
  const unseen = run.store.log.settle(tried).catch(() => 0);
  for (let turns = 0; turns < b % 4; turns++) await turn();
  await run.scene.under.crash();
  await unseen;
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
    for (const { message, redriven } of subscription.held(run.now)) if (!redriven) open.push(message.seq);
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
  while (run.firstSeq <= run.messages.length && run.firstSeq < firstOpen) {
    const oldest = run.messages[run.firstSeq - 1] as ModelMessage;
    if (oldest.publishedAtMs + RETENTION_MS > run.now) break;
    run.firstSeq++;
  }
  for (const subscription of run.subscriptions) await expire(run, subscription, before.get(subscription) ?? 0);
  const kept = await run.store.records.getMessage(run.scene.topic.accountId, run.scene.idOf(run.firstSeq));
  expect(kept === null).toBe(run.firstSeq > run.messages.length);
  if (run.firstSeq > 1) {
    expect(await run.store.records.getMessage(run.scene.topic.accountId, run.scene.idOf(run.firstSeq - 1))).toBeNull();
  }
};

/**
 * What was parked is a dead letter now; what was not is counted. Where a driver had a pending one is its own affair.
 */
async function expire(run: ModelRun, subscription: ModelSubscription, told: number): Promise<void> {
  const gone = [...subscription.deliveries.values()].filter(
    (delivery) => delivery.message.seq < run.firstSeq && !isOver(delivery) && !delivery.redriven,
  );
  expect(told).toBe(gone.length);
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
  (what: "redrive" | "purge"): Operation =>
  async (run, a, b, list) => {
    const subscription = run.pick(a);
    if (subscription === null) return;
    const { items } = await run.store.records.listDeadLetters(subscription.id, { after: null, limit: 1_000 });
    const chosen =
      b % 2 === 0 ? items : items.filter((_, index) => ((list[index % Math.max(1, list.length)] ?? 0) & 1) === 1);
    const ids = b % 2 === 0 ? null : chosen.map((letter) => letter.id);
    const count =
      what === "redrive"
        ? await run.store.records.redriveDeadLetters(subscription.id, ids)
        : await run.store.records.purgeDeadLetters(subscription.id, ids);
    expect(count).toBe(chosen.length);
    // Oldest first, as a redrive takes them: of two with one message the first is delivered, and the other only goes.
    for (const letter of chosen.toReversed()) {
      const { seq } = letter.message;
      const delivery = subscription.deliveries.get(seq) as ModelDelivery;
      if (what === "purge") {
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

const look: Operation = (run) => run.check();

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
  look,
} satisfies Record<string, Operation>;
