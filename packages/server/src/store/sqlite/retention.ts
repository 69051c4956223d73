import { momentOf, CautiousClock } from "../../domain/clock-rules.ts";
import type { Seq, SubscriptionId, TimeMs, TopicId } from "../../domain/model.ts";
import type { RetentionResult } from "../log.ts";
import type { Moment } from "../../domain/ports.ts";
import type { ClockMarks } from "./clock-marks.ts";
import { withClaimsLocked } from "./claim-lock.ts";
import type { TrimResult } from "./operations/trim-topic.ts";
import type { StoreContext } from "./store-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";
import type { TopicEntry } from "./topic-entry.ts";

/** Maximum number of topics that one step tries. In some topics, all old messages have open deliveries and stay. */
const TOPICS_TRIED_MAX = 16;
/** The written time of a server without any other write is at most this old. */
const CLOCK_MARK_MS = 600_000;

export interface RetentionOptions {
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  readonly auditRetentionMs: number;
  /** False: a message is also past its retention when every subscription has settled it. */
  readonly keepsSettled?: boolean;
}

/**
 * Removes expired data. Each step handles one topic and a bounded part of the records, so that its commits take a few
 * milliseconds between the commits of publishes.
 */
export class Retention {
  readonly #context: StoreContext;
  readonly #options: RetentionOptions;
  readonly #clockMarks: ClockMarks;
  readonly #ageClock: CautiousClock;
  #lastTopicId: TopicId | null = null;

  constructor(context: StoreContext, options: RetentionOptions, clockMarks: ClockMarks, mark: Moment | null) {
    this.#context = context;
    this.#options = options;
    this.#clockMarks = clockMarks;
    this.#ageClock = new CautiousClock(context.clock, mark?.wallMs ?? null);
  }

  async step(): Promise<RetentionResult> {
    const { clock, catalogMutex, commits } = this.#context;
    const { attemptRetentionMs, deadLetterRetentionMs, auditRetentionMs } = this.#options;
    const ageNowMs = this.#ageClock.now();
    const moment = momentOf(clock);
    const mark = this.#clockMarks.due(moment, CLOCK_MARK_MS);
    if (mark !== null) await commits.write("markClock", mark);
    const trimmed = await catalogMutex.run(() => this.#trimNext(ageNowMs));
    const records = await commits.write("trimRecords", {
      attemptsBeforeMs: ageNowMs - attemptRetentionMs,
      deadLettersBeforeMs: ageNowMs - deadLetterRetentionMs,
      auditBeforeMs: ageNowMs - auditRetentionMs,
      nowMs: moment.nowMs,
    });
    return {
      ...records,
      messages: trimmed?.removed ?? 0,
      expired: trimmed === null ? [] : allExpired(trimmed),
      more: records.more || (trimmed !== null && this.#nextTopic(ageNowMs) !== null),
    };
  }

  /** Returns null when no message could be removed. */
  async #trimNext(ageNowMs: TimeMs): Promise<TrimResult | null> {
    const tried = new Set<TopicEntry>();
    while (tried.size < TOPICS_TRIED_MAX) {
      const topic = this.#nextTopic(ageNowMs);
      if (topic === null || tried.has(topic)) return null;
      tried.add(topic);
      this.#lastTopicId = topic.topic.id;
      const trimmed = await this.#trim(topic, ageNowMs);
      if (trimmed !== null && trimmed.removed + trimmed.died.length > 0) return trimmed;
    }
    return null;
  }

  /** The topics take turns, so that a topic that cannot be trimmed does not block the others. */
  #nextTopic(ageNowMs: TimeMs): TopicEntry | null {
    const { topics } = this.#context.index;
    const last = this.#lastTopicId === null ? undefined : topics.get(this.#lastTopicId);
    let first: TopicEntry | null = null;
    let isAfterLast = last === undefined;
    for (const entry of topics.values()) {
      const isNext = isAfterLast;
      if (entry === last) isAfterLast = true;
      if ((first !== null && !isNext) || !this.#canTrim(entry, ageNowMs)) continue;
      if (isNext) return entry;
      first = entry;
    }
    return first;
  }

  #canTrim(entry: TopicEntry, ageNowMs: TimeMs): boolean {
    if (entry.oldestAtMs === null) return false;
    const isOld = entry.oldestAtMs + entry.topic.settings.retentionMs <= ageNowMs;
    return isOld || this.#unneededThrough(entry) >= entry.firstSeq;
  }

  /** The last position that can be removed before its retention ends, because all subscriptions have settled it. */
  #unneededThrough({ lastSeq, subscriptions }: TopicEntry): Seq {
    if (this.#options.keepsSettled !== false) return 0;
    const settled = [...subscriptions.values()].map(({ cursor, parkedCount }) =>
      parkedCount > 0 ? 0 : cursor.settledThrough,
    );
    return Math.min(lastSeq, ...settled);
  }

  /**
   * Claims wait during the trim, because otherwise a delivery could be made and also be counted as expired. No commit
   * is under way during the trim, because otherwise a delivery could be parked whose message has just been removed.
   */
  #trim(topic: TopicEntry, ageNowMs: TimeMs): Promise<TrimResult | null> {
    const { commits } = this.#context;
    const entries = [...topic.subscriptions.values()];
    return withClaimsLocked(entries, () => commits.exclusively(() => this.#trimLocked(topic, entries, ageNowMs)));
  }

  async #trimLocked(
    topic: TopicEntry,
    entries: readonly SubscriptionEntry[],
    ageNowMs: TimeMs,
  ): Promise<TrimResult | null> {
    const moment = momentOf(this.#context.clock);
    const { nowMs } = moment;
    for (const entry of entries) this.#context.claims.releaseExpired(entry, nowMs);
    const throughSeqMax = Math.min(topic.lastSeq, this.#firstNeeded(topic, entries) - 1);
    if (throughSeqMax < topic.firstSeq) return null;
    const trimmed = await this.#context.commits.write("trimTopic", {
      accountId: topic.topic.accountId,
      topicId: topic.topic.id,
      firstSeq: topic.firstSeq,
      throughMs: ageNowMs - topic.topic.settings.retentionMs,
      unneededThrough: this.#unneededThrough(topic),
      throughSeqMax,
      subscriptionIds: entries.filter((entry) => entry.parkedCount > 0).map((entry) => entry.id),
      lagging: entries
        .filter((entry) => entry.cursor.settledThrough < throughSeqMax)
        .map((entry) => ({
          subscriptionId: entry.id,
          settledThrough: entry.cursor.settledThrough,
          done: entry.cursor.doneAhead(),
          filter: entry.settings.filter,
        })),
      ...moment,
    });
    topic.firstSeq = trimmed.firstSeq;
    topic.oldestAtMs = trimmed.oldestAtMs;
    for (const entry of entries) entry.cursor.skipThrough(topic.firstSeq - 1);
    for (const { subscriptionId, orderingKey } of trimmed.died) this.#died(subscriptionId, orderingKey, nowMs);
    return trimmed;
  }

  #died(subscriptionId: SubscriptionId, orderingKey: string | null, nowMs: TimeMs): void {
    const entry = this.#context.index.subscriptions.get(subscriptionId);
    if (entry === undefined) return;
    entry.parkedCount--;
    if (orderingKey === null) return;
    entry.unblockKey(orderingKey);
    entry.parkedDueAt(nowMs);
    this.#context.ready.notify([entry.id]);
  }

  /**
   * The first position that must stay, because its delivery is open or has an outcome that is not written yet. Redriven
   * deliveries do not count, because their messages are in their dead letters.
   */
  #firstNeeded(topic: TopicEntry, entries: readonly SubscriptionEntry[]): Seq {
    let first = Number.MAX_SAFE_INTEGER;
    const need = (seq: Seq): void => {
      if (seq >= topic.firstSeq && seq < first) first = seq;
    };
    for (const entry of entries) {
      for (const [seq, { deadLetterId }] of entry.open) if (deadLetterId === null) need(seq);
    }
    const { index, commits } = this.#context;
    const isOfTopic = (id: SubscriptionId): boolean => index.subscriptions.get(id)?.topic === topic;
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
