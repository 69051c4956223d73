import { RingbackError } from "../../domain/errors.ts";
import { parseMessageId } from "../../domain/message-id.ts";
import { momentOf, optionalToWall, shownMessage } from "../../domain/clock-rules.ts";
import type {
  AccountId,
  Message,
  MessageId,
  Seq,
  Subscription,
  SubscriptionId,
  TimeMs,
  TopicId,
} from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { toHealth } from "../catalog-rows.ts";
import { attemptScan, examinedAttempt } from "../attempt-search.ts";
import { accountScope, deadLetterScan, type DeadLetterScope } from "../dead-letter-search.ts";
import { deliveryState, hasWhere } from "../delivery-state.ts";
import type { ListedMessage } from "../message-search.ts";
import type { PageRequest } from "../page.ts";
import type { AccountDeadLetterFilter, AttemptFilter, DeadLetterFilter, MessageFilter } from "../record-filters.ts";
import { toRecordId } from "../record-page.ts";
import type {
  AttemptRecord,
  DeadLetter,
  DeliveryRecord,
  LogPart,
  ListedDeadLetter,
  MessageOrigin,
  MessageRecord,
  PullCounts,
  RecordStore,
  StoreStatistics,
  SubscriptionCondition,
  SubscriptionCounts,
  UnsettledCounts,
} from "../records.ts";
import { positionText, searchPage, type SearchPage } from "../search.ts";
import { isListed } from "../topic-index.ts";
import type { DeadLetterSelection, DeadLetterStep } from "./operations/dead-letters.ts";
import type { DeliveryRows } from "./operations/records.ts";
import { listMessages } from "./message-search.ts";
import { readPullCounts, unsettledOf } from "./pull-counts.ts";
import { readSeqAt } from "./read-seq-at.ts";
import type { StoreContext } from "./store-context.ts";
import type { OpenDelivery, SubscriptionEntry } from "./subscription-entry.ts";
import type { TopicEntry } from "./topic-entry.ts";
import { withUnwritten, type ShownRows } from "./unwritten-delivery.ts";

/** Maximum number of dead letters that one commit redrives or purges. */
const DEAD_LETTER_STEP = 100;

/** Bytes of messages after which a read of a log ends. */
const LOG_PART_BYTES_MAX = 4 * 1024 * 1024;

export class SqliteRecords implements RecordStore {
  readonly #context: StoreContext;
  readonly #databaseBytes: () => number;

  constructor(context: StoreContext, databaseBytes: () => number) {
    this.#context = context;
    this.#databaseBytes = databaseBytes;
  }

  async getMessage(accountId: AccountId, id: MessageId): Promise<MessageRecord | null> {
    const { catalogMutex } = this.#context;
    const found = this.#find(id);
    if (found === null || found.topic.topic.accountId !== accountId) return null;
    const { topic, seq } = found;
    const steps = rewindSteps(topic);
    const record = await this.#readMessage(topic, seq);
    const areStable = steps.every((step, at) => step % 2 === 0 && step === rewindSteps(topic)[at]);
    // A rewind changes the database before memory, so the two may not fit together. No rewind runs in the mutex.
    return areStable ? record : catalogMutex.run(() => this.#readMessage(topic, seq));
  }

  async messagesAfter(topicId: TopicId, afterSeq: Seq, limit: number): Promise<LogPart> {
    const { index, reader, clock } = this.#context;
    const topic = index.topics.get(topicId);
    if (topic === undefined) throw new RingbackError("topic_not_found");
    const { firstSeq, lastSeq } = topic;
    const fromSeq = Math.max(firstSeq, afterSeq + 1);
    if (fromSeq > lastSeq) return { firstSeq, lastSeq, messages: [] };
    const range = { topicId, fromSeq, throughSeq: lastSeq, messagesMax: limit, bytesMax: LOG_PART_BYTES_MAX };
    const messages = await reader.call("readLog", range);
    return { firstSeq, lastSeq, messages: messages.map((message) => shownMessage(clock, message)) };
  }

  listMessages(id: TopicId, page: PageRequest, filter: MessageFilter = {}): Promise<SearchPage<ListedMessage>> {
    return listMessages(this.#context, id, page, filter);
  }

  bodyBytes(topicId: TopicId, fromSeq: Seq, toSeq: Seq): Promise<number> {
    return this.#context.reader.call("readBodyBytes", { topicId, fromSeq, toSeq });
  }

  async getOrigin(id: MessageId): Promise<MessageOrigin | null> {
    const found = this.#find(id);
    return found && this.#context.reader.call("readOrigin", { topicId: found.topic.topic.id, seq: found.seq });
  }

  #find(id: MessageId): { readonly topic: TopicEntry; readonly seq: Seq } | null {
    const position = parseMessageId(id);
    const topic = position === null ? undefined : this.#context.index.topics.withNumber(position.number);
    return position === null || topic === undefined ? null : { topic, seq: position.seq };
  }

  /**
   * An outcome is in memory before its row is written. So memory is read first, with the rows that wait to be written.
   * The rows of the database are then as new as memory, or newer.
   */
  async #readMessage(topic: TopicEntry, seq: Seq) {
    const entries = [...topic.subscriptions.values()];
    const known = entries.map((entry) => ({ open: entry.open.get(seq) ?? null, isSettled: entry.cursor.isDone(seq) }));
    const unwritten = this.#context.commits.unwritten.slice();
    const subscriptionIds = entries.map((entry) => entry.id);
    const found = await this.#context.reader.call("readMessage", { topicId: topic.topic.id, seq, subscriptionIds });
    if (found === null) return null;
    const { message } = found;
    const { clock } = this.#context;
    const deliveries = entries.map((entry, index) => {
      const { open, isSettled } = known[index] as Known;
      const rows = withUnwritten(found.deliveries[index] as DeliveryRows, unwritten, { id: entry.id, seq, open });
      return deliveryRecord(clock, entry, message, rows, isSettled);
    });
    return { message: shownMessage(clock, message), topic: topic.topic.name, deliveries };
  }

  async subscriptionCounts(id: SubscriptionId): Promise<SubscriptionCounts> {
    const entry = this.#entry(id);
    const counts = await this.#context.reader.call("readCounts", { subscriptionId: id });
    return { ...this.#unsettled(entry), ...counts };
  }

  async countsOfSubscriptions(
    ids: readonly SubscriptionId[],
  ): Promise<ReadonlyMap<SubscriptionId, SubscriptionCounts>> {
    const { index, reader } = this.#context;
    const entries = ids.map((id) => index.subscriptions.get(id)).filter((entry) => entry !== undefined);
    const rows = await reader.call(
      "readManyCounts",
      entries.map(({ id }) => id),
    );
    return new Map(
      entries.map((entry, at) => [entry.id, { ...this.#unsettled(entry), ...(rows[at] as (typeof rows)[number]) }]),
    );
  }

  async conditionsOf(ids: readonly SubscriptionId[]): Promise<ReadonlyMap<SubscriptionId, SubscriptionCondition>> {
    const { index, reader, commits } = this.#context;
    if (commits.isBehind) await commits.written();
    const entries = ids.map((id) => index.subscriptions.get(id)).filter((entry) => entry !== undefined);
    const times = await reader.call("readOldest", entries.map(unsettledOf));
    const conditionOf = (entry: SubscriptionEntry, at: number) => {
      return { health: toHealth(entry.health)?.state ?? "healthy", oldestAtMs: times[at] ?? null } as const;
    };
    return new Map(entries.map((entry, at) => [entry.id, conditionOf(entry, at)]));
  }

  async unhealthySubscriptions(limit: number): Promise<readonly Subscription[]> {
    return this.#context.index.unhealthy(limit).map((entry) => entry.view());
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

  async listAttempts(
    id: SubscriptionId,
    page: PageRequest,
    filter: AttemptFilter = {},
  ): Promise<SearchPage<AttemptRecord>> {
    const { name } = this.#entry(id);
    return searchPage(page, async (after, count) => {
      const scan = attemptScan(id, filter, after, count);
      const rows = scan === null ? [] : await this.#context.reader.call("searchAttempts", scan);
      return rows.map((row) => examinedAttempt(row, name));
    });
  }

  async listDeadLetters(
    id: SubscriptionId,
    page: PageRequest,
    filter: DeadLetterFilter = {},
  ): Promise<SearchPage<ListedDeadLetter>> {
    this.#entry(id);
    return this.#searchDeadLetters({ source: "subscription", ids: [id] }, page, filter);
  }

  listAccountDeadLetters(
    id: AccountId,
    page: PageRequest,
    filter: AccountDeadLetterFilter = {},
  ): Promise<SearchPage<ListedDeadLetter>> {
    return this.#searchDeadLetters(accountScope(id, filter.topicIds), page, filter);
  }

  async #searchDeadLetters(
    scope: DeadLetterScope,
    page: PageRequest,
    filter: DeadLetterFilter,
  ): Promise<SearchPage<ListedDeadLetter>> {
    const { reader, index } = this.#context;
    const found = await searchPage(page, async (after, count) => {
      const rows = await reader.call("searchDeadLetters", deadLetterScan(scope, filter, after, count));
      return rows.map(({ id, atMs, subscriptionId, matches }) => {
        // The dead letters of a deleted subscription exist until retention removes them.
        const entry = index.subscriptions.get(subscriptionId);
        const isShown = Boolean(matches) && entry !== undefined && isShownIn(scope, entry);
        return { position: positionText({ atMs, id }), item: isShown ? { id, entry } : null };
      });
    });
    const entries = new Map(found.items.map(({ id, entry }) => [String(id), entry]));
    const letters = await reader.call(
      "readDeadLetters",
      found.items.map(({ id }) => id),
    );
    return {
      ...found,
      items: letters.map((letter) => this.#listed(letter, entries.get(letter.id) as SubscriptionEntry)),
    };
  }

  #listed(letter: DeadLetter, { id, name, topic: { topic } }: SubscriptionEntry): ListedDeadLetter {
    return { ...this.#shown(letter), subscriptionId: id, subscription: name, topic: topic.name };
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
    const exceptions = index.exceptionCounts();
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
      ...exceptions,
      replays: await reader.call("countAllReplays", null),
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

/** The part of a delivery's state that is in memory. */
interface Known {
  readonly open: OpenDelivery | null;
  readonly isSettled: boolean;
}

/** Lists of an account leave out internal topics. */
function isShownIn({ source }: DeadLetterScope, { name, topic: { topic } }: SubscriptionEntry): boolean {
  return source === "subscription" || (isListed(topic.name) && isListed(name));
}

function rewindSteps(topic: TopicEntry): readonly number[] {
  return [...topic.subscriptions.values()].map((entry) => entry.rewindSteps);
}

function deliveryRecord(
  clock: Clock,
  entry: SubscriptionEntry,
  message: Message,
  { parked, dead, attempts, isOpen }: ShownRows,
  isSettled: boolean,
): DeliveryRecord {
  const state = deliveryState({
    isOpen,
    isSettled,
    isParked: parked !== null,
    hasDeadLetter: dead !== null,
    attempts,
    matches: () => entry.matches(message),
    hasWhere: hasWhere(entry.settings.filter),
  });
  return {
    subscription: entry.name,
    state,
    nextAttemptAtMs: state === "parked" ? optionalToWall(clock, parked?.dueAtMs ?? null) : null,
    reason: state === "dead" ? dead : null,
    attempts,
  };
}
