import { limits } from "../../domain/limits.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { RetentionResult } from "../log.ts";
import type { Catalog, SubscriptionEntry, TopicEntry } from "./catalog.ts";
import { lockClaims } from "./claim-lock.ts";
import type { Claims } from "./claims.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { TrimResult } from "./operations/trim-topic.ts";
import type { ThreadLink } from "./thread-link.ts";
import type { WriteJobs } from "./write-thread.ts";

/** Topics that one step looks at: of some, everything that is old enough is still in somebody's hands. */
const TOPICS_TRIED_MAX = 16;

export interface RetentionOptions {
  readonly catalog: Catalog;
  readonly claims: Claims;
  readonly commits: GroupCommit;
  readonly writer: ThreadLink<WriteJobs>;
  readonly clock: Clock;
  readonly ready: (entry: SubscriptionEntry) => void;
  /** Runs work while the catalog does not change. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
}

/** One topic and one slice of the records at a time: a commit of a few milliseconds between the publishes. */
export class Retention {
  readonly #options: RetentionOptions;
  #lastTopicId = 0;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  async step(): Promise<RetentionResult> {
    const { clock, writer, exclusively, attemptRetentionMs, deadLetterRetentionMs } = this.#options;
    const nowMs = clock.now();
    const trimmed = await exclusively(() => this.#trimNext(nowMs));
    const records = await writer.call("trimRecords", {
      attemptsBeforeMs: nowMs - attemptRetentionMs,
      deadLettersBeforeMs: nowMs - deadLetterRetentionMs,
      idempotencyBeforeMs: nowMs - limits.idempotencyKeyHours * 3600_000,
    });
    return {
      messages: trimmed?.removed ?? 0,
      attempts: records.attempts,
      deadLetters: records.deadLetters,
      idempotencyKeys: records.idempotencyKeys,
      expired: trimmed === null ? [] : allExpired(trimmed),
      more: records.more || (trimmed !== null && this.#nextTopic(nowMs) !== null),
    };
  }

  /** null: there was nothing that could go. */
  async #trimNext(nowMs: TimeMs): Promise<TrimResult | null> {
    const tried = new Set<TopicEntry>();
    while (tried.size < TOPICS_TRIED_MAX) {
      const topic = this.#nextTopic(nowMs);
      if (topic === null || tried.has(topic)) return null;
      tried.add(topic);
      this.#lastTopicId = topic.topic.id;
      const trimmed = await this.#trim(topic, nowMs);
      if (trimmed !== null && trimmed.removed + trimmed.died.length > 0) return trimmed;
    }
    return null;
  }

  /** Round and round by id, so that a topic that cannot be trimmed just now does not keep the others waiting. */
  #nextTopic(nowMs: TimeMs): TopicEntry | null {
    let first: TopicEntry | null = null;
    for (const entry of this.#options.catalog.topics.values()) {
      if (entry.oldestAtMs === null || entry.oldestAtMs + entry.topic.settings.retentionMs > nowMs) continue;
      if (entry.topic.id > this.#lastTopicId) return entry;
      first ??= entry;
    }
    return first;
  }

  /**
   * No claim may look at what is about to go, or a delivery would be both made and counted as expired; and no commit may
   * be under way, or a delivery could be parked whose message has just gone.
   */
  async #trim(topic: TopicEntry, nowMs: TimeMs): Promise<TrimResult | null> {
    const entries = [...topic.subscriptions.values()];
    const letClaims = await lockClaims(entries);
    try {
      return await this.#options.commits.alone(() => this.#trimUnclaimed(topic, entries, nowMs));
    } finally {
      letClaims();
    }
  }

  async #trimUnclaimed(
    topic: TopicEntry,
    entries: readonly SubscriptionEntry[],
    nowMs: TimeMs,
  ): Promise<TrimResult | null> {
    for (const entry of entries) this.#options.claims.reclaimExpired(entry, nowMs);
    const throughSeqMax = Math.min(topic.lastSeq, this.#firstNeeded(topic, entries) - 1);
    if (throughSeqMax < topic.firstSeq) return null;
    const trimmed = await this.#options.writer.call("trimTopic", {
      topicId: topic.topic.id,
      firstSeq: topic.firstSeq,
      throughMs: nowMs - topic.topic.settings.retentionMs,
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
    for (const entry of entries) entry.cursor.skipThrough(topic.firstSeq - 1);
    for (const { subscriptionId, orderingKey } of trimmed.died) this.#died(subscriptionId, orderingKey, nowMs);
    return trimmed;
  }

  #died(subscriptionId: SubscriptionId, orderingKey: string | null, nowMs: TimeMs): void {
    const entry = this.#options.catalog.subscriptions.get(subscriptionId);
    if (entry === undefined) return;
    entry.parkedCount--;
    if (orderingKey === null) return;
    entry.unblockKey(orderingKey);
    entry.parkedDueAt(nowMs);
    this.#options.ready(entry);
  }

  /**
   * Nothing of the log at or past it may go: its delivery is in somebody's hands, or what became of it is not written
   * yet. A redriven delivery has its message in its dead letter.
   */
  #firstNeeded(topic: TopicEntry, entries: readonly SubscriptionEntry[]): Seq {
    let first = Number.MAX_SAFE_INTEGER;
    const need = (seq: Seq): void => {
      if (seq >= topic.firstSeq && seq < first) first = seq;
    };
    for (const entry of entries) {
      for (const [seq, { deadLetterId }] of entry.open) if (deadLetterId === null) need(seq);
    }
    const { catalog, commits } = this.#options;
    const isOfTopic = (id: SubscriptionId): boolean => catalog.subscriptions.get(id)?.topic === topic;
    for (const { dead, parked } of commits.waiting) {
      for (const row of dead) if (isOfTopic(row.subscriptionId)) need(row.message.seq);
      for (const row of parked) if (isOfTopic(row.subscriptionId)) need(row.seq);
    }
    return first;
  }
}

function allExpired({ expired, died }: TrimResult): RetentionResult["expired"] {
  const counts = new Map<SubscriptionId, number>();
  const add = (id: SubscriptionId, count: number): void => {
    if (count > 0) counts.set(id, (counts.get(id) ?? 0) + count);
  };
  for (const { subscriptionId, count } of expired) add(subscriptionId, count);
  for (const { subscriptionId } of died) add(subscriptionId, 1);
  return Array.from(counts, ([subscriptionId, count]) => ({ subscriptionId, count }));
}
