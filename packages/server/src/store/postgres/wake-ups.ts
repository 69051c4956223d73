import type { SubscriptionId, TopicId } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import { notifyNodes } from "./change-bus.ts";
import type { Connection } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";

interface Published {
  /** Time when the newest message was appended. */
  lastMs: number;
  /**
   * Subscriptions with messages that this node has not claimed yet. The value is the time since which the oldest of
   * these messages has waited. null: there are too many subscriptions to track, and `sinceMs` applies to all of them.
   */
  readonly left: Map<SubscriptionId, number> | null;
  readonly sinceMs: number;
}

export interface WakeUpsOptions {
  readonly pool: Connection;
  readonly timers: Timers;
  /** A clock like `performance.now`. */
  readonly nowMs: () => number;
  readonly nodeId: number;
  /** True: no other node is alive, so no wake-up is sent. */
  readonly isAlone: () => boolean;
}

/**
 * Notifies the other nodes of work that has waited for `wakeMs` and that this node has not claimed. Newer unclaimed
 * work is sent in the same notification. While every node keeps up with its own publishes, nothing is sent; otherwise a
 * node sends at most fifty notifications a second. A notification may be lost, so each node also polls for work.
 */
export class WakeUps {
  readonly #options: WakeUpsOptions;
  readonly #topics = new Map<TopicId, Published>();
  readonly #topicOf = new Map<SubscriptionId, TopicId>();
  readonly #subscriptions = new Map<SubscriptionId, number>();
  /**
   * The subscriptions from which this node is claiming now. Until the given time, other nodes are not woken for their
   * work.
   */
  readonly #claiming = new Map<SubscriptionId, number>();
  #cancel: (() => void) | null = null;
  #notifying: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: WakeUpsOptions) {
    this.#options = options;
  }

  published(topicId: TopicId, ids: readonly SubscriptionId[]): void {
    if (this.#options.isAlone()) return;
    const nowMs = this.#options.nowMs();
    let topic = this.#topics.get(topicId);
    if (topic === undefined) {
      const left = ids.length <= postgresLimits.wakeCountedMax ? new Map<SubscriptionId, number>() : null;
      topic = { lastMs: nowMs, left, sinceMs: nowMs };
      this.#topics.set(topicId, topic);
    }
    topic.lastMs = nowMs;
    if (topic.left !== null) {
      for (const id of ids) {
        if (!topic.left.has(id)) topic.left.set(id, nowMs);
        this.#topicOf.set(id, topicId);
      }
    }
    this.#schedule();
  }

  /**
   * Records that a claim of this node starts. Other nodes are not woken yet, because on a slow database their claims
   * would only wait for this claim.
   */
  claiming(id: SubscriptionId, requestedAtMs: number): void {
    if (this.#topicOf.has(id)) this.#claiming.set(id, requestedAtMs + postgresLimits.wakeClaimMsMax);
  }

  /** Records that the claim has ended. `emptied`: the subscription has no more messages to claim from the log. */
  claimed(id: SubscriptionId, requestedAtMs: number, emptied: boolean): void {
    this.#claiming.delete(id);
    if (emptied) this.#emptied(id, requestedAtMs);
  }

  #emptied(id: SubscriptionId, requestedAtMs: number): void {
    const topicId = this.#topicOf.get(id);
    const topic = topicId === undefined ? undefined : this.#topics.get(topicId);
    if (topicId === undefined || topic === undefined || topic.left === null) return;
    if (requestedAtMs < topic.lastMs) {
      // Any remaining messages are newer than the claim.
      const sinceMs = topic.left.get(id);
      if (sinceMs !== undefined && sinceMs < requestedAtMs) topic.left.set(id, requestedAtMs);
      return;
    }
    topic.left.delete(id);
    this.#topicOf.delete(id);
    if (topic.left.size === 0) this.#topics.delete(topicId);
  }

  ready(id: SubscriptionId): void {
    if (this.#options.isAlone()) return;
    if (!this.#subscriptions.has(id)) this.#subscriptions.set(id, this.#options.nowMs());
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#notify(Infinity);
    await this.#notifying;
  }

  #schedule(waitMs: number = postgresLimits.wakeMs): void {
    if (this.#cancel !== null || this.#closed) return;
    this.#cancel = this.#options.timers.after(waitMs, () => {
      this.#cancel = null;
      this.#notify(this.#options.nowMs() - postgresLimits.wakeMs);
      const oldestMs = this.#oldestMs();
      if (oldestMs === Infinity) return;
      // Some ids may not have fitted into this notification, and a claim under way may end before its time limit.
      const dueInMs = Math.ceil(oldestMs + postgresLimits.wakeMs - this.#options.nowMs());
      this.#schedule(dueInMs > 0 ? Math.min(dueInMs, postgresLimits.wakeMs) : postgresLimits.wakeMs);
    });
  }

  #oldestMs(): number {
    let oldestMs = Infinity;
    for (const topic of this.#topics.values()) oldestMs = Math.min(oldestMs, this.#waitingSinceMs(topic));
    for (const sinceMs of this.#subscriptions.values()) oldestMs = Math.min(oldestMs, sinceMs);
    return oldestMs;
  }

  #waitingSinceMs({ left, sinceMs }: Published): number {
    if (left === null) return sinceMs;
    let oldestMs = Infinity;
    for (const [id, idSinceMs] of left) oldestMs = Math.min(oldestMs, Math.max(idSinceMs, this.#claiming.get(id) ?? 0));
    return oldestMs;
  }

  /** Wakes other nodes for work that has waited since `throughMs` or longer. */
  #notify(throughMs: number): void {
    const topicIds: TopicId[] = [];
    for (const [topicId, topic] of this.#topics) {
      if (topicIds.length === postgresLimits.wakeIdsMax) break;
      if (this.#waitingSinceMs(topic) > throughMs) continue;
      topicIds.push(topicId);
      for (const id of topic.left?.keys() ?? []) this.#topicOf.delete(id);
      this.#topics.delete(topicId);
    }
    const subscriptionIds: SubscriptionId[] = [];
    for (const [id, sinceMs] of this.#subscriptions) {
      if (subscriptionIds.length === postgresLimits.wakeIdsMax) break;
      if (sinceMs > throughMs) continue;
      subscriptionIds.push(id);
      this.#subscriptions.delete(id);
    }
    if (topicIds.length + subscriptionIds.length === 0) return;
    // Every node also polls for work, so a lost wake-up only delays it.
    const sending = notifyNodes(this.#options.pool, this.#options.nodeId, { kind: "wake", topicIds, subscriptionIds });
    this.#notifying = sending.catch(() => {});
  }
}
