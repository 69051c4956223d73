import { RingbackError } from "../../domain/errors.ts";
import { messageId, parseMessageId } from "../../domain/message-id.ts";
import type { AccountId, MessageId, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { deliveryState } from "../delivery-state.ts";
import type { Listeners } from "../listeners.ts";
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
import type { MemoryData } from "./memory-data.ts";
import { pullCounts } from "./pull-counts.ts";
import { redrive } from "./settling.ts";
import type { SubscriptionState } from "./subscription-state.ts";
import type { TopicLog } from "./topic-log.ts";

export class MemoryRecords implements RecordStore {
  readonly #data: MemoryData;
  readonly #clock: Clock;
  readonly #ready: Listeners<readonly SubscriptionId[]>;

  constructor(data: MemoryData, clock: Clock, ready: Listeners<readonly SubscriptionId[]>) {
    this.#data = data;
    this.#clock = clock;
    this.#ready = ready;
  }

  async getMessage(accountId: AccountId, id: MessageId): Promise<MessageRecord | null> {
    const position = parseMessageId(id);
    const topic = position === null ? undefined : this.#data.topics.get(position.topicId);
    const message = topic?.message(position?.seq ?? 0);
    if (topic === undefined || message === undefined || topic.topic.accountId !== accountId) return null;
    const deliveries = [...topic.subscriptions.values()].map((state) => deliveryRecord(state, topic, message.seq));
    return { message, topic: topic.topic.name, deliveries };
  }

  async subscriptionCounts(id: SubscriptionId): Promise<SubscriptionCounts> {
    const { deadLetters, expiredCount } = this.#state(id);
    return { ...(await this.unsettledCounts(id)), deadLetters: deadLetters.listedCount, expired: expiredCount };
  }

  async unsettledCounts(id: SubscriptionId): Promise<UnsettledCounts> {
    const state = this.#current(id);
    return { backlog: state.backlog, parked: state.waitingCount, inFlight: state.open.size };
  }

  async pullCounts(id: SubscriptionId, rewindableFromMs: TimeMs): Promise<PullCounts> {
    return pullCounts(this.#current(id), this.#clock.now(), rewindableFromMs);
  }

  async listAttempts(id: SubscriptionId, page: PageRequest, only: "all" | "failed"): Promise<Page<AttemptRecord>> {
    const { attempts, subscription } = this.#state(id);
    const isWanted = only === "all" ? () => true : ({ verdict }: { verdict: string }) => verdict !== "accepted";
    return recordPage(attempts.before(beforeId(page), page.limit + 1, isWanted), page, ({ seq, attempt }) => ({
      ...attempt,
      messageId: messageId(subscription.topicId, seq),
      subscription: subscription.name,
    }));
  }

  async listDeadLetters(id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>> {
    const before = beforeId(page);
    const listed = [...this.#state(id).deadLetters.listed()].filter((kept) => kept.id < before);
    return recordPage(listed.toReversed(), page, ({ letter }) => letter);
  }

  async getDeadLetter(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null> {
    const recordId = toRecordId(deadLetterId);
    return recordId === null ? null : (this.#data.subscriptions.get(id)?.deadLetters.get(recordId) ?? null);
  }

  async redriveDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    const state = this.#state(id);
    const chosen = chosenLetters(state, ids);
    for (const { id: letterId, letter } of chosen) redrive(state, letterId, letter, this.#clock.now());
    if (chosen.length > 0) this.#ready.notify([id]);
    return chosen.length;
  }

  async purgeDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    const state = this.#state(id);
    const chosen = chosenLetters(state, ids);
    for (const { id: letterId } of chosen) state.deadLetters.delete(letterId);
    return chosen.length;
  }

  async statistics(): Promise<StoreStatistics> {
    const { topics, subscriptions, claims } = this.#data;
    const sum = { subscriptions: 0, backlog: 0, parked: 0, deadLetters: 0, bytes: 0 };
    for (const state of subscriptions.values()) {
      state.releaseExpired(this.#clock.now());
      if (isListed(state.subscription.name)) sum.subscriptions++;
      sum.backlog += state.backlog;
      sum.parked += state.waitingCount;
      sum.deadLetters += state.deadLetters.listedCount;
    }
    for (const topic of topics.values()) sum.bytes += topic.bytes;
    return { ...sum, topics: topics.listedCount, inFlight: claims.openCount };
  }

  #state(id: SubscriptionId): SubscriptionState {
    const state = this.#data.subscriptions.get(id);
    if (state === undefined) throw new RingbackError("subscription_not_found");
    return state;
  }

  /** First releases the deliveries whose lease has expired. */
  #current(id: SubscriptionId): SubscriptionState {
    const state = this.#state(id);
    state.releaseExpired(this.#clock.now());
    return state;
  }
}

function deliveryRecord(state: SubscriptionState, topic: TopicLog, seq: number): DeliveryRecord {
  const { subscription, parked, deadLetters, cursor } = state;
  const attempts = state.attempts.of(seq);
  const letter = deadLetters.ofMessage(seq);
  const deliveryStateNow = deliveryState({
    isOpen: state.open.has(seq),
    isParked: parked.get(seq) !== undefined,
    isSettled: cursor.isDone(seq),
    hasDeadLetter: letter !== null,
    attempts,
    matches: () => state.matches(topic.message(seq) as never),
  });
  return {
    subscription: subscription.name,
    state: deliveryStateNow,
    nextAttemptAtMs: deliveryStateNow === "parked" ? (parked.get(seq)?.dueAtMs ?? null) : null,
    reason: deliveryStateNow === "dead" ? (letter?.reason ?? null) : null,
    attempts,
  };
}

/** `ids` null: all. */
function chosenLetters({ deadLetters }: SubscriptionState, ids: readonly string[] | null) {
  const wanted = ids === null ? null : new Set(ids.map(toRecordId));
  return [...deadLetters.listed()].filter(({ id }) => wanted === null || wanted.has(id));
}
