import type { SubscriptionId, TopicId } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import { CHANNEL, toPayload, type News } from "./change-bus.ts";
import type { Connection } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";

interface Published {
  sinceMs: number;
  /** Subscriptions that this node has not emptied since; null: too many to keep count. */
  readonly left: Set<SubscriptionId> | null;
}

export interface WakeUpsOptions {
  readonly lane: Connection;
  readonly timers: Timers;
  readonly nodeId: number;
  /** No other node would hear it. */
  readonly isAlone: () => boolean;
}

/**
 * Tells the other nodes that there is work, `wakeMs` after it came up and together with what came up meanwhile; not of what this node
 * has taken itself by then. So nothing is told when the nodes are idle, and fifty times a second at most when they are busy.
 * Such a call may be lost; each node looks for work by itself now and then.
 */
export class WakeUps {
  readonly #options: WakeUpsOptions;
  readonly #topics = new Map<TopicId, Published>();
  readonly #topicOf = new Map<SubscriptionId, TopicId>();
  readonly #subscriptions = new Set<SubscriptionId>();
  #cancel: (() => void) | null = null;
  #telling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: WakeUpsOptions) {
    this.#options = options;
  }

  published(topicId: TopicId, ids: readonly SubscriptionId[]): void {
    if (this.#options.isAlone()) return;
    let topic = this.#topics.get(topicId);
    if (topic === undefined) {
      topic = { sinceMs: 0, left: ids.length <= postgresLimits.wakeCountedMax ? new Set() : null };
      this.#topics.set(topicId, topic);
    }
    topic.sinceMs = performance.now();
    if (topic.left !== null) {
      for (const id of ids) {
        topic.left.add(id);
        this.#topicOf.set(id, topicId);
      }
    }
    this.#schedule();
  }

  /** A claim of this node, asked for at that time, has left nothing in the log of this subscription. */
  emptied(id: SubscriptionId, askedAtMs: number): void {
    const topicId = this.#topicOf.get(id);
    const topic = topicId === undefined ? undefined : this.#topics.get(topicId);
    if (topicId === undefined || topic === undefined || topic.left === null || askedAtMs < topic.sinceMs) return;
    topic.left.delete(id);
    this.#topicOf.delete(id);
    if (topic.left.size === 0) this.#topics.delete(topicId);
  }

  ready(id: SubscriptionId): void {
    if (this.#options.isAlone()) return;
    this.#subscriptions.add(id);
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#tell();
    await this.#telling;
  }

  #schedule(): void {
    if (this.#cancel !== null || this.#closed) return;
    this.#cancel = this.#options.timers.after(postgresLimits.wakeMs, () => {
      this.#cancel = null;
      this.#tell();
      if (this.#topics.size + this.#subscriptions.size > 0) this.#schedule();
    });
  }

  #tell(): void {
    if (this.#topics.size + this.#subscriptions.size === 0) return;
    const topicIds = [...this.#topics.keys()].slice(0, postgresLimits.wakeIdsMax);
    for (const topicId of topicIds) {
      for (const id of this.#topics.get(topicId)?.left ?? []) this.#topicOf.delete(id);
      this.#topics.delete(topicId);
    }
    const subscriptionIds = [...this.#subscriptions].slice(0, postgresLimits.wakeIdsMax);
    for (const id of subscriptionIds) this.#subscriptions.delete(id);
    this.#telling = this.#send({ kind: "wake", topicIds, subscriptionIds });
  }

  async #send(news: News): Promise<void> {
    const { lane, nodeId } = this.#options;
    try {
      await lane.query("SELECT pg_notify($1, $2)", [CHANNEL, toPayload(nodeId, news)], "wake");
    } catch {
      // The others look for work by themselves.
    }
  }
}
