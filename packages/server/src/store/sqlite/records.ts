import { RingbackError } from "../../domain/errors.ts";
import { parseMessageId } from "../../domain/message-id.ts";
import type { AccountId, MessageId, Seq, SubscriptionId, TimeMs, TopicId } from "../../domain/model.ts";
import { momentOf, optionalToWall, shownMessage } from "../../domain/clock-rules.ts";
import type { Clock } from "../../domain/ports.ts";
import { deliveryState } from "../delivery-state.ts";
import type { Page, PageRequest } from "../page.ts";
import { beforeId, recordPage, toRecordId } from "../record-page.ts";
import type {
  AttemptRecord,
  DeadLetter,
  DeliveryRecord,
  MessageRecord,
  PullCounts,
  RecordStore,
  StoreStatistics,
  SubscriptionCounts,
  UnsettledCounts,
} from "../records.ts";
import { isListed } from "../topic-index.ts";
import type { DeadLetterSelection, DeadLetterStep } from "./operations/dead-letters.ts";
import type { FoundMessage } from "./operations/records.ts";
import { readPullCounts } from "./pull-counts.ts";
import { readSeqAt } from "./read-seq-at.ts";
import type { StoreContext } from "./store-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";
import type { TopicEntry } from "./topic-entry.ts";

/** Maximum number of dead letters that one commit redrives or purges. */
const DEAD_LETTER_STEP = 100;

export class SqliteRecords implements RecordStore {
  readonly #context: StoreContext;
  readonly #databaseBytes: () => number;

  constructor(context: StoreContext, databaseBytes: () => number) {
    this.#context = context;
    this.#databaseBytes = databaseBytes;
  }

  async getMessage(accountId: AccountId, id: MessageId): Promise<MessageRecord | null> {
    const { index, commits } = this.#context;
    const position = parseMessageId(id);
    const topic = position === null ? undefined : index.topics.get(position.topicId);
    if (position === null || topic === undefined || topic.topic.accountId !== accountId) return null;
    const record = await this.#readMessage(topic, position);
    const isSkipped = record?.deliveries.some(({ state }) => state === "skipped") === true;
    if (!isSkipped || !commits.writable) return record;
    // An outcome is in memory before its row is written. So the state of memory is read first, then its rows are
    // written, then the rows are read. The rows are then as new as the state, or newer.
    const known = knownOf(topic, position.seq);
    await commits.written();
    return this.#readMessage(topic, position, known);
  }

  async #readMessage(
    topic: TopicEntry,
    position: { readonly topicId: TopicId; readonly seq: Seq },
    known: Known | null = null,
  ): Promise<MessageRecord | null> {
    const entries = [...topic.subscriptions.values()];
    const subscriptionIds = entries.map((entry) => entry.id);
    const found = await this.#context.reader.call("readMessage", { ...position, subscriptionIds });
    if (found === null) return null;
    const { clock } = this.#context;
    const now = known ?? knownOf(topic, position.seq);
    const deliveries = entries.map((entry, index) => deliveryRecord(clock, entry, found, index, now.get(entry)));
    const message = shownMessage(this.#context.clock, found.message);
    return { message, topic: topic.topic.name, deliveries };
  }

  async subscriptionCounts(id: SubscriptionId): Promise<SubscriptionCounts> {
    const entry = this.#entry(id);
    const counts = await this.#context.reader.call("readCounts", { subscriptionId: id });
    return { ...this.#unsettled(entry), ...counts };
  }

  async unsettledCounts(id: SubscriptionId): Promise<UnsettledCounts> {
    return this.#unsettled(this.#entry(id));
  }

  #unsettled(entry: SubscriptionEntry): UnsettledCounts {
    const { claims, clock } = this.#context;
    claims.releaseExpired(entry, clock.now());
    return { backlog: entry.backlog, parked: entry.waitingCount, inFlight: entry.openCount };
  }

  async pullCounts(id: SubscriptionId, rewindableFromMs: TimeMs): Promise<PullCounts> {
    const { reader, commits, claims, clock } = this.#context;
    const entry = this.#entry(id);
    const fromSeq = await readSeqAt(reader, entry.topic, rewindableFromMs);
    if (commits.isBehind) await commits.written();
    const nowMs = clock.now();
    claims.releaseExpired(entry, nowMs);
    return readPullCounts(entry, reader, { nowMs, fromSeq });
  }

  async listAttempts(id: SubscriptionId, page: PageRequest, only: "all" | "failed"): Promise<Page<AttemptRecord>> {
    const entry = this.#entry(id);
    const rows = await this.#context.reader.call("readAttempts", {
      subscriptionId: id,
      beforeId: beforeId(page),
      limit: page.limit,
      failedOnly: only === "failed",
    });
    return recordPage(rows, page, ({ record }) => ({ ...record, subscription: entry.name }));
  }

  async listDeadLetters(id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>> {
    this.#entry(id);
    const range = { subscriptionId: id, beforeId: beforeId(page), limit: page.limit };
    return recordPage(await this.#context.reader.call("readDeadLetters", range), page, (letter) => this.#shown(letter));
  }

  async getDeadLetter(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null> {
    const recordId = toRecordId(deadLetterId);
    if (recordId === null) return null;
    const letter = await this.#context.reader.call("readDeadLetter", { subscriptionId: id, id: recordId });
    return letter && this.#shown(letter);
  }

  #shown(letter: DeadLetter): DeadLetter {
    return { ...letter, message: shownMessage(this.#context.clock, letter.message) };
  }

  redriveDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    const { commits, catalogMutex } = this.#context;
    return this.#eachStep(id, ids, (selection) =>
      // No rewind and no commit may be under way.
      catalogMutex.run(() => commits.exclusively(() => this.#redriveStep(id, selection))),
    );
  }

  async #redriveStep(id: SubscriptionId, selection: DeadLetterSelection): Promise<DeadLetterStep> {
    const { index, commits, clock } = this.#context;
    const entry = index.subscriptions.get(id);
    if (entry === undefined) return { changed: 0, lastId: null, parked: 0 };
    const { settledThrough } = entry.cursor;
    const parkedSoon = commits.waiting.flatMap(({ parked }) =>
      parked.filter(({ subscriptionId }) => subscriptionId === id).map(({ seq }) => seq),
    );
    const done = entry.cursor.doneAhead();
    return commits.write("redrive", { ...selection, settledThrough, done, parkedSoon, ...momentOf(clock) });
  }

  purgeDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#eachStep(id, ids, (selection) => this.#context.commits.write("purge", selection));
  }

  async #eachStep(
    id: SubscriptionId,
    ids: readonly string[] | null,
    step: (selection: DeadLetterSelection) => Promise<DeadLetterStep>,
  ): Promise<number> {
    const { reader, clock, ready } = this.#context;
    const entry = this.#entry(id);
    // Repeated ids are removed. The second time, a redriven dead letter would look like a delivery parked before.
    const wanted = ids === null ? null : [...new Set(ids.map(toRecordId).filter((recordId) => recordId !== null))];
    const throughId = wanted === null ? await reader.call("lastDeadLetterId", { subscriptionId: id }) : 0;
    let total = 0;
    let afterId = 0;
    while (!entry.removed) {
      const chosen = wanted === null ? null : wanted.splice(0, DEAD_LETTER_STEP);
      if (chosen?.length === 0) break;
      const selection = { subscriptionId: id, ids: chosen, afterId, throughId, limit: DEAD_LETTER_STEP };
      const { changed, lastId, parked } = await step(selection);
      total += changed;
      if (parked > 0) {
        entry.parkedCount += parked;
        entry.parkedDueAt(clock.now());
        ready.notify([id]);
      }
      if (wanted === null && lastId === null) break;
      afterId = lastId ?? afterId;
    }
    return total;
  }

  async statistics(): Promise<StoreStatistics> {
    const { index, claims, reader, clock } = this.#context;
    const sum = { subscriptions: 0, backlog: 0, parked: 0 };
    const nowMs = clock.now();
    for (const entry of index.subscriptions.values()) {
      claims.releaseExpired(entry, nowMs);
      if (isListed(entry.name)) sum.subscriptions++;
      sum.backlog += entry.backlog;
      sum.parked += entry.waitingCount;
    }
    return {
      ...sum,
      topics: index.topics.listedCount,
      deadLetters: await reader.call("countAllDeadLetters", null),
      inFlight: claims.openCount,
      bytes: this.#databaseBytes(),
    };
  }

  #entry(id: SubscriptionId): SubscriptionEntry {
    const entry = this.#context.index.subscriptions.get(id);
    if (entry === undefined) throw new RingbackError("subscription_not_found");
    return entry;
  }
}

/** The part of a delivery's state that is in memory, by subscription. */
type Known = ReadonlyMap<SubscriptionEntry, { readonly isOpen: boolean; readonly isSettled: boolean }>;

function knownOf(topic: TopicEntry, seq: Seq): Known {
  return new Map(
    [...topic.subscriptions.values()].map((entry) => [
      entry,
      { isOpen: entry.open.has(seq), isSettled: entry.cursor.isDone(seq) },
    ]),
  );
}

/**
 * `index`: the index of the subscription in `found`. A subscription that was created during the read is not in `known`;
 * it starts after the message.
 */
function deliveryRecord(
  clock: Clock,
  entry: SubscriptionEntry,
  found: FoundMessage,
  index: number,
  known: { readonly isOpen: boolean; readonly isSettled: boolean } = { isOpen: false, isSettled: true },
): DeliveryRecord {
  const { message } = found;
  const rows = found.deliveries[index] as FoundMessage["deliveries"][number];
  const state = deliveryState({
    isOpen: known.isOpen,
    isParked: rows.parked !== null,
    isSettled: known.isSettled,
    hasDeadLetter: rows.dead !== null,
    attempts: rows.attempts,
    matches: () => entry.matches(message),
  });
  return {
    subscription: entry.name,
    state,
    nextAttemptAtMs: state === "parked" ? optionalToWall(clock, rows.parked?.dueAtMs ?? null) : null,
    reason: state === "dead" ? rows.dead : null,
    attempts: rows.attempts,
  };
}
