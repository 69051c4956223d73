// oxlint-disable vitest/no-standalone-expect -- the test is the promise below.
import { expect } from "vitest";
import type { Order, Seq, Subscription } from "../../domain/model.ts";
import type { Claim, Settled } from "../log.ts";
import { dead, delivered, held, message, parkedUntil, released, Scene, settlement, turn } from "./fixtures.ts";
import type { StoreUnderTest } from "./harness.ts";
import type { Part } from "./part.ts";

const SUBSCRIPTIONS: readonly Order[] = ["none", "none", "key", "key", "strict"];
const PUBLISHERS = 3;
const BATCHES = 10;
const RETENTION_MS = 60_000;
const LEASE_MS = 4_000;
const ROUNDS_MAX = 3_000;

export function concurrencyContract({ promise, empty }: Part): void {
  promise("loses no message and delivers none twice with many concurrent callers and a crash", async () => {
    await empty(async (under) => {
      const callers = await ConcurrentCallers.make(under, 20_261_121);
      await callers.run();
      await callers.crash();
      await callers.finish();
      await callers.check();
    });
  });
}

/** Many callers of one topic that do not wait for each other. */
class ConcurrentCallers {
  readonly #scene: Scene;
  readonly #subscriptions: readonly Subscription[];
  /** For each position, the number of settlements with the outcome "delivered" that the store has confirmed. */
  readonly #delivered = new Map<Subscription, Map<Seq, number>>();
  /** Positions with a settlement as "delivered" that the store may have applied although no answer arrived. */
  readonly #unconfirmed = new Map<Subscription, Set<Seq>>();
  readonly #settling = new Set<Promise<unknown>>();
  #published = 0;
  #isOver = false;
  #process = 1;
  #randomState: number;

  constructor(scene: Scene, subscriptions: readonly Subscription[], seed: number) {
    this.#scene = scene;
    this.#subscriptions = subscriptions;
    this.#randomState = seed;
    for (const subscription of subscriptions) {
      this.#delivered.set(subscription, new Map());
      this.#unconfirmed.set(subscription, new Set());
    }
  }

  static async make(under: StoreUnderTest, seed: number): Promise<ConcurrentCallers> {
    const scene = await Scene.make(under, { retentionMs: RETENTION_MS });
    const subscriptions = await Promise.all(
      SUBSCRIPTIONS.map((order, index) => scene.subscribe(`${order}-${index}`, { order })),
    );
    return new ConcurrentCallers(scene, subscriptions, seed);
  }

  async run(): Promise<void> {
    const publishing = Array.from({ length: PUBLISHERS }, () => this.#publish());
    const others = [
      ...this.#subscriptions.flatMap((subscription) => [this.#work(subscription), this.#work(subscription)]),
      this.#change(),
      this.#retain(),
    ];
    await Promise.all(publishing);
    this.#isOver = true;
    await Promise.all(others);
  }

  /** Ends the process. Answers to calls that are under way come from the ended process and are ignored. */
  async crash(): Promise<void> {
    const crashing = this.#scene.under.crash();
    this.#process++;
    await crashing;
    await Promise.all(this.#settling);
  }

  async finish(): Promise<void> {
    const { under, store } = this.#scene;
    for (const subscription of this.#subscriptions) {
      await store.catalog.setSubscriptionState(this.#scene.topic.id, subscription.name, "active");
    }
    for (let round = 0; round < ROUNDS_MAX; round++) {
      let left = 0;
      for (const subscription of this.#subscriptions) {
        const claim = await this.#scene.claim(subscription);
        await this.#settle(subscription, claim, () => delivered);
        const { backlog, parked, inFlight } = await store.records.subscriptionCounts(subscription.id);
        left += backlog + parked + inFlight;
      }
      if (left === 0) return;
      under.clock.advance(1_000);
      await turn();
    }
    throw new Error("A delivery is unsettled, but no claim returns it.");
  }

  async check(): Promise<void> {
    const { store } = this.#scene;
    for (const subscription of this.#subscriptions) {
      const seen = this.#delivered.get(subscription) ?? new Map<Seq, number>();
      expect([...seen].filter(([, times]) => times > 1)).toEqual([]);
      const { items } = await store.records.listDeadLetters(subscription.id, { after: null, limit: 100_000 });
      const died = new Set(items.map((letter) => letter.message.seq));
      expect([...seen.keys()].filter((seq) => died.has(seq))).toEqual([]);
      const { expired, deadLetters } = await store.records.subscriptionCounts(subscription.id);
      expect(deadLetters).toBe(died.size);
      // A settlement just before the crash may be durable although its answer was lost.
      const unconfirmed = [...(this.#unconfirmed.get(subscription) ?? [])].filter(
        (seq) => !seen.has(seq) && !died.has(seq),
      );
      const known = seen.size + died.size + expired;
      expect(known).toBeLessThanOrEqual(this.#published);
      expect(known + unconfirmed.length).toBeGreaterThanOrEqual(this.#published);
    }
  }

  async #publish(): Promise<void> {
    for (let batch = 0; batch < BATCHES; batch++) {
      const messages = Array.from({ length: 1 + this.#chance(8) }, () =>
        message("m", {
          orderingKey: ["a", "b", "c"][this.#chance(4)] ?? null,
          delayMs: this.#chance(6) === 0 ? 3_000 : 0,
        }),
      );
      await this.#scene.publish(...messages);
      this.#published += messages.length;
      await turn();
    }
  }

  async #work(subscription: Subscription): Promise<void> {
    while (!this.#isOver) {
      const claim = await this.#scene.claim(
        subscription,
        { deliveriesMax: 1 + this.#chance(12), fromLog: this.#chance(8) !== 0, bytesMax: 1 + this.#chance(10) },
        LEASE_MS,
      );
      // Some claims are never settled, and their leases expire.
      if (this.#chance(20) !== 0) void this.#settle(subscription, claim, () => this.#outcome());
      if (this.#chance(3) === 0) await this.#scene.store.log.renew([claim.id], LEASE_MS);
      await turn();
    }
  }

  async #change(): Promise<void> {
    const { store, topic, under } = this.#scene;
    while (!this.#isOver) {
      const subscription = this.#subscriptions[this.#chance(this.#subscriptions.length)] as Subscription;
      const change = this.#chance(8);
      under.clock.advance(this.#chance(1_500));
      if (change < 3) await store.records.redriveDeadLetters(subscription.id, null);
      else if (change < 5) {
        await store.catalog.setSubscriptionState(topic.id, subscription.name, change === 3 ? "paused" : "active");
      } else if (change === 5) {
        await this.#scene.subscribe(subscription.name, {
          order: (["none", "key", "strict"] as const)[this.#chance(3)] ?? "none",
        });
      } else await store.records.subscriptionCounts(subscription.id);
      await turn();
    }
  }

  async #retain(): Promise<void> {
    while (!this.#isOver) {
      await this.#scene.store.log.retain();
      await turn();
    }
  }

  /** Settles each delivery with a call of its own, concurrently. */
  async #settle(subscription: Subscription, claim: Claim, outcome: () => Settled): Promise<void> {
    const seen = this.#delivered.get(subscription) as Map<Seq, number>;
    const calls = claim.deliveries.map(async (delivery) => {
      const settled = outcome();
      const { seq } = delivery.message;
      if (settled.kind === "delivered") this.#unconfirmed.get(subscription)?.add(seq);
      const process = this.#process;
      const applied = await this.#scene.store.log.settle([settlement(claim, delivery, settled)]).catch(() => 0);
      if (applied === 1 && settled.kind === "delivered" && process === this.#process)
        seen.set(seq, (seen.get(seq) ?? 0) + 1);
    });
    const all = Promise.all(calls);
    this.#settling.add(all);
    await all;
    this.#settling.delete(all);
  }

  #outcome(): Settled {
    const number = this.#chance(20);
    if (number < 9) return delivered;
    if (number < 14) return parkedUntil(this.#scene.now + this.#chance(4) * 500);
    if (number < 16) return dead;
    return number < 18 ? held : released;
  }

  /** A pseudo-random number. Two runs get the same numbers as long as both make their calls in the same order. */
  #chance(below: number): number {
    this.#randomState = (Math.imul(this.#randomState, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#randomState / 2 ** 32) * below);
  }
}
