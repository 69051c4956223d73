import { limits } from "../../domain/limits.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Seq } from "../../domain/model.ts";
import type { RetentionResult } from "../port.ts";
import type { Catalog, SubscriptionEntry, TopicEntry } from "./catalog.ts";
import { RETENTION_ROWS_MAX, type TrimResult } from "./operations/retain.ts";
import type { ThreadLink } from "./thread-link.ts";
import type { WriteJobs } from "./write-thread.ts";

/** One topic and one slice of the records at a time: a commit of a few milliseconds between the publishes. */
export class Retention {
  readonly #catalog: Catalog;
  readonly #writer: ThreadLink<WriteJobs>;
  readonly #clock: Clock;
  readonly #ready: (entry: SubscriptionEntry) => void;
  readonly #attemptRetentionMs: number;
  readonly #deadLetterRetentionMs: number;
  #lastTopicId = 0;

  constructor(options: {
    catalog: Catalog;
    writer: ThreadLink<WriteJobs>;
    clock: Clock;
    ready: (entry: SubscriptionEntry) => void;
    attemptRetentionMs: number;
    deadLetterRetentionMs: number;
  }) {
    this.#catalog = options.catalog;
    this.#writer = options.writer;
    this.#clock = options.clock;
    this.#ready = options.ready;
    this.#attemptRetentionMs = options.attemptRetentionMs;
    this.#deadLetterRetentionMs = options.deadLetterRetentionMs;
  }

  async step(): Promise<RetentionResult> {
    const nowMs = this.#clock.now();
    const topic = this.#nextTopic(nowMs);
    const trimmed = topic === null ? null : await this.#trim(topic, nowMs);
    const records = await this.#writer.call("trimRecords", {
      attemptsBeforeMs: nowMs - this.#attemptRetentionMs,
      deadLettersBeforeMs: nowMs - this.#deadLetterRetentionMs,
      idempotencyBeforeMs: nowMs - limits.idempotencyKeyHours * 3600_000,
    });
    return {
      messages: trimmed?.removed ?? 0,
      attempts: records.attempts,
      deadLetters: records.deadLetters,
      idempotencyKeys: records.idempotencyKeys,
      expired: trimmed === null ? [] : allExpired(trimmed),
      more:
        records.attempts === RETENTION_ROWS_MAX ||
        records.deadLetters === RETENTION_ROWS_MAX ||
        records.idempotencyKeys === RETENTION_ROWS_MAX ||
        records.orphans > 0 ||
        (trimmed !== null && trimmed.removed > 0 && this.#nextTopic(nowMs) !== null),
    };
  }

  /** Round and round by id, so that a topic that cannot be trimmed just now does not keep the others waiting. */
  #nextTopic(nowMs: number): TopicEntry | null {
    let first: TopicEntry | null = null;
    for (const entry of this.#catalog.topics.values()) {
      if (entry.oldestAtMs === null || entry.oldestAtMs + entry.topic.retentionMs > nowMs) continue;
      if (entry.topic.id > this.#lastTopicId) return entry;
      first ??= entry;
    }
    return first;
  }

  async #trim(topic: TopicEntry, nowMs: number): Promise<TrimResult | null> {
    this.#lastTopicId = topic.topic.id;
    const entries = [...topic.subscriptions.values()];
    // No claim may look at what is about to go, or a delivery would be both made and counted as expired.
    for (const entry of entries) while (entry.claiming !== null) await entry.claiming;
    let finished = (): void => {};
    const trimming = new Promise<void>((resolve) => (finished = resolve));
    for (const entry of entries) entry.claiming = trimming;
    try {
      return await this.#trimUnclaimed(topic, entries, nowMs);
    } finally {
      for (const entry of entries) if (entry.claiming === trimming) entry.claiming = null;
      finished();
    }
  }

  async #trimUnclaimed(
    topic: TopicEntry,
    entries: readonly SubscriptionEntry[],
    nowMs: number,
  ): Promise<TrimResult | null> {
    const throughSeqMax = Math.min(topic.lastSeq, firstOpen(entries) - 1);
    if (throughSeqMax < topic.firstSeq && topic.firstSeq <= topic.lastSeq) return null;
    const from = topic.firstSeq;
    const trimmed = await this.#writer.call("trimTopic", {
      topicId: topic.topic.id,
      filterType: topic.topic.filterType,
      firstSeq: from,
      beforeMs: nowMs - topic.topic.retentionMs,
      throughSeqMax,
      subscriptionIds: entries.filter((entry) => entry.parkedCount > 0).map((entry) => entry.id),
      laggards: entries
        .filter((entry) => entry.cursor.settledThrough < throughSeqMax)
        .map((entry) => ({
          subscriptionId: entry.id,
          settledThrough: entry.cursor.settledThrough,
          done: entry.cursor.doneAhead(),
          filter: entry.filter,
        })),
      nowMs,
    });
    topic.firstSeq = trimmed.firstSeq;
    topic.oldestAtMs = trimmed.oldestAtMs;
    for (const { subscriptionId, orderingKey } of trimmed.died) {
      const entry = this.#catalog.subscriptions.get(subscriptionId);
      if (entry === undefined) continue;
      entry.parkedCount--;
      if (orderingKey === null) continue;
      entry.unblockKey(orderingKey);
      entry.parkedDueAt(nowMs);
      this.#ready(entry);
    }
    return trimmed;
  }
}

/** Nothing at or past it may go: its delivery is in somebody's hands. */
function firstOpen(entries: readonly SubscriptionEntry[]): Seq {
  let first = Number.MAX_SAFE_INTEGER;
  for (const entry of entries) {
    if (entry.openCount === 0) continue;
    for (const seq of entry.open.keys()) if (seq < first) first = seq;
  }
  return first;
}

function allExpired(trimmed: TrimResult): RetentionResult["expired"] {
  const counts = new Map<TrimResult["expired"][number]["subscriptionId"], number>();
  for (const { subscriptionId, count } of trimmed.expired) {
    if (count > 0) counts.set(subscriptionId, (counts.get(subscriptionId) ?? 0) + count);
  }
  for (const { subscriptionId } of trimmed.died) counts.set(subscriptionId, (counts.get(subscriptionId) ?? 0) + 1);
  return [...counts].map(([subscriptionId, count]) => ({ subscriptionId, count }));
}
