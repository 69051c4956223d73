// oxlint-disable vitest/no-standalone-expect -- the test is in model.contract.ts.
import { expect } from "vitest";
import type { Seq } from "../../domain/model.ts";
import type { Claim, ClaimedDelivery, Settled, Settlement } from "../log.ts";
import type { Store } from "../store.ts";
import { message, Scene, settlement, textOf, turn } from "./fixtures.ts";
import type { StoreUnderTest } from "./harness.ts";
import { isLeased, type ModelDelivery, type ModelMessage, type ModelSubscription } from "./model.ts";

export const RETENTION_MS = 60_000;
const keys = [null, "a", "b"];
const tags = [null, "x", "y"];
const delaysMs = [0, 0, 0, 0, 5_000, 20_000, 90_000];
const DRAIN_ROUNDS_MAX = 400;
/** Number of claims after which a missing delivery counts as lost. Each claim waits a millisecond for the driver. */
const CLAIMS_MAX = 5_000;

export interface OpenClaim {
  readonly subscription: ModelSubscription;
  readonly claim: Claim;
}

/** A topic of the driver, and its model. */
export class ModelRun {
  readonly scene: Scene;
  readonly messages: ModelMessage[] = [];
  readonly subscriptions: ModelSubscription[] = [];
  readonly claims: OpenClaim[] = [];
  /** The last position of the topic that had the same number before; 0: there was none. */
  readonly earlierSeq: Seq;
  firstSeq: Seq;
  nameCount = 0;

  constructor(scene: Scene, earlierSeq: Seq) {
    this.scene = scene;
    this.earlierSeq = earlierSeq;
    this.firstSeq = earlierSeq + 1;
  }

  static async start(under: StoreUnderTest, earlierSeq: Seq): Promise<ModelRun> {
    return new ModelRun(await Scene.make(under, { retentionMs: RETENTION_MS }), earlierSeq);
  }

  get lastSeq(): Seq {
    return this.earlierSeq + this.messages.length;
  }

  get store(): Store {
    return this.scene.store;
  }

  get now(): number {
    return this.scene.now;
  }

  pick(number: number): ModelSubscription | null {
    return this.subscriptions[number % Math.max(1, this.subscriptions.length)] ?? null;
  }

  draft(list: readonly number[]): ModelMessage[] {
    return (list.length === 0 ? [0] : list).map((number, index) => {
      const seq = this.lastSeq + index + 1;
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

  async claim(
    subscription: ModelSubscription,
    deliveriesMax: number,
    fromLog: boolean,
    leaseMs: number,
  ): Promise<number> {
    let count = 0;
    for (let claims = 0; claims < CLAIMS_MAX; claims++) {
      const wanted = deliveriesMax - count;
      const claim = await this.scene.claim(subscription, { deliveriesMax: wanted, fromLog }, leaseMs);
      this.#take(subscription, claim, leaseMs);
      count += claim.deliveries.length;
      expect(claim.deliveries.length).toBeLessThanOrEqual(wanted);
      if (count === deliveriesMax || !fromLog) return count;
      if (!claim.more && subscription.mustReturn(this.now).length === 0) return count;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const missing = subscription.mustReturn(this.now).map((delivery) => delivery.message.seq);
    throw new Error(`A claim of "${subscription.name}" should return ${missing.join()}.`);
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

  choose(number: number): Settled {
    const kinds: readonly Settled[] = [
      { kind: "delivered" },
      { kind: "parked", dueAtMs: this.now + (number >> 3) * 1_000, retriesMade: 1 + (number >> 4) },
      { kind: "held" },
      { kind: "dead", reason: "retries_exhausted" },
      { kind: "released" },
      { kind: "parked", dueAtMs: this.now, retriesMade: 9 },
      // Settled as a pull does.
      {
        kind: "parked",
        dueAtMs: this.now + (1 + (number >> 3)) * 1_000,
        retriesMade: 1 + (number >> 4),
        firstAttemptAtMs: this.now,
      },
    ];
    return kinds[number % kinds.length] as Settled;
  }

  settlementsOf({ claim }: OpenClaim, list: readonly number[]): Settlement[] {
    return claim.deliveries.map((each, index) => {
      const settled = this.choose(list[index % Math.max(1, list.length)] ?? 0);
      const isPulled = settled.kind === "parked" && settled.firstAttemptAtMs !== undefined;
      const full = settlement(claim, each, settled, !isPulled);
      return full.attempt === null ? full : { ...full, attempt: { ...full.attempt, startedAtMs: this.now } };
    });
  }

  /**
   * Whether the claim has the delivery. null: the driver may treat it either way, because it need not notice an expired
   * lease.
   */
  owns({ subscription }: OpenClaim, { claimId, delivery }: Settlement): boolean | null {
    const known = subscription.deliveries.get(delivery.message.seq);
    if (known === undefined || known.fate.kind !== "open" || known.fate.claimId !== claimId) return false;
    if (!this.subscriptions.includes(subscription)) return false;
    return isLeased(known, this.now) ? true : null;
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
        delivery.firstAttemptAtMs ??= settled.firstAttemptAtMs ?? null;
        break;
      case "delivered":
      case "dead":
        delivery.fate = { kind: settled.kind };
        break;
    }
    delivery.loose = true;
    delivery.blocks = delivery.fate.kind === "parked" ? key : null;
    if (delivery.blocks !== null) subscription.noteParked(delivery);
  }

  /** Delivers everything that is unsettled, and checks that no delivery is missing or returned twice. */
  async drain(): Promise<void> {
    for (const subscription of this.subscriptions) {
      if (subscription.paused)
        await this.store.catalog.setSubscriptionState(this.scene.topic.id, subscription.name, "active");
      subscription.paused = false;
    }
    for (let round = 0; round < DRAIN_ROUNDS_MAX; round++) {
      if (this.subscriptions.every(({ unsettled }) => unsettled.length === 0)) return;
      let count = 0;
      for (const subscription of this.subscriptions) {
        count += await this.claim(subscription, 50, true, 1_000);
        for (const open of this.claims.splice(0)) await this.#settleAll(open);
      }
      if (count === 0) this.scene.under.clock.advance(round % 2 === 0 ? 1 : 2_000);
      await turn();
    }
    const left = this.subscriptions.flatMap((subscription) =>
      subscription.unsettled.map(
        ({ message: { seq }, fate }) => `${seq} of "${subscription.name}" is still ${JSON.stringify(fate)}`,
      ),
    );
    throw new Error(left.join("; "));
  }

  async #settleAll(open: OpenClaim): Promise<void> {
    const owned = this.settlementsOf(open, [0]).filter((each) => this.owns(open, each) === true);
    expect(await this.store.log.settle(owned)).toBe(owned.length);
    for (const each of owned) this.apply(open.subscription, each);
  }
}
