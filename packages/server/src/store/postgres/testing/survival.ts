// oxlint-disable vitest/no-standalone-expect -- the tests are in breakage.test.ts.
import { expect } from "vitest";
import { RingbackError } from "../../../domain/errors.ts";
import type { Subscription } from "../../../domain/model.ts";
import { eventually, message, textOf } from "../../contract/fixtures.ts";
import type { Cluster } from "./cluster.ts";

const STORAGE_FAILURES = new Set(["storage_unavailable", "storage_full"]);
const LEASE_MS = 1_500;
const ATTEMPTS_MAX = 200_000;
/** Pause of a worker after an empty claim. */
const IDLE_MS = 5;

/** Returns the answer, or null when the database was not available. Any other error fails the test. */
export async function unlessBroken<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof RingbackError && STORAGE_FAILURES.has(error.code)) return null;
    throw error;
  }
}

/** A publisher and a worker on every node of a cluster, while a test breaks the cluster's database. */
export class Survival {
  readonly #cluster: Cluster;
  readonly #reader: Subscription;
  readonly #accepted = new Set<string>();
  readonly #delivered = new Map<string, number>();
  #publishingIsOver = false;
  #deliveringIsOver = false;
  /** Number of calls that failed because of the broken database. */
  failed = 0;

  private constructor(cluster: Cluster, reader: Subscription) {
    this.#cluster = cluster;
    this.#reader = reader;
  }

  static async of(cluster: Cluster, breaking: (survival: Survival) => Promise<void>): Promise<Survival> {
    const survival = new Survival(cluster, await cluster.subscribe({ maxInFlight: 1_000 }));
    const nodes = cluster.nodes.map((_, node) => node);
    const publishing = nodes.map((node) => survival.#publish(node));
    const delivering = nodes.map((node) => survival.#deliver(node));
    await breaking(survival);
    survival.#publishingIsOver = true;
    await Promise.all(publishing);
    await eventually(() => survival.#isAllDelivered());
    survival.#deliveringIsOver = true;
    await Promise.all(delivering);
    await survival.#check();
    return survival;
  }

  /** Waits until so many more messages have been accepted. */
  async more(count: number): Promise<void> {
    const enough = this.#accepted.size + count;
    await eventually(() => this.#accepted.size >= enough);
  }

  /** Deliveries that were settled twice, according to the answers that the workers received. */
  get twice(): number {
    return [...this.#delivered.values()].filter((times) => times > 1).length;
  }

  async #publish(node: number): Promise<void> {
    for (let number = 0; !this.#publishingIsOver; number++) {
      const texts = Array.from({ length: 3 }, (_, part) => `${node}.${number}.${part}`);
      const messages = texts.map((text) => message(text));
      const request = { topicId: this.#cluster.topic.id, messages, idempotency: null };
      const result = await unlessBroken(() => this.#cluster.store(node).log.append(request));
      if (result === null) this.failed++;
      else for (const text of texts) this.#accepted.add(text);
    }
  }

  async #deliver(node: number): Promise<void> {
    while (!this.#deliveringIsOver) {
      const want = { deliveriesMax: 50 };
      const claim = await unlessBroken(() => this.#cluster.claim(node, this.#reader, want, LEASE_MS));
      if (claim === null) {
        this.failed++;
        continue;
      }
      if (claim.deliveries.length === 0) await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      // When an answer was lost, the worker does not know how many were applied. The recorded attempts show it.
      if ((await this.#cluster.settle(node, claim)) !== claim.deliveries.length) continue;
      for (const { message: sent } of claim.deliveries) {
        this.#delivered.set(textOf(sent), (this.#delivered.get(textOf(sent)) ?? 0) + 1);
      }
    }
  }

  async #isAllDelivered(): Promise<boolean> {
    const counts = await unlessBroken(() => this.#cluster.store(0).records.subscriptionCounts(this.#reader.id));
    return counts !== null && counts.backlog + counts.inFlight + counts.parked === 0;
  }

  /**
   * Checks that the log has every accepted message, and that each message has one attempt: a second settlement would
   * add another.
   */
  async #check(): Promise<void> {
    const stored = await this.#cluster.query<{ text: string }>(
      "SELECT convert_from(body, 'UTF8') AS text FROM ringback.message",
    );
    const texts = new Set(stored.map(({ text }) => text));
    expect([...this.#accepted].filter((text) => !texts.has(text))).toEqual([]);
    const page = { after: null, limit: ATTEMPTS_MAX };
    const { items } = await this.#cluster.store(0).records.listAttempts(this.#reader.id, page);
    expect(items).toHaveLength(stored.length);
    expect(new Set(items.map(({ messageId }) => messageId)).size).toBe(stored.length);
  }
}
