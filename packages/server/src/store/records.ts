/**
 * Queries of what the store knows: messages with their deliveries and attempts, counts, and dead letters. All returned
 * times are Unix time, `deliverAtMs` of a message included.
 */

import type {
  AccountId,
  Attempt,
  DeadReason,
  DeliveryState,
  Message,
  MessageId,
  Seq,
  Subscription,
  SubscriptionHealth,
  SubscriptionId,
  TimeMs,
  TopicId,
} from "../domain/model.ts";
import type { ListedMessage } from "./message-search.ts";
import type { PageRequest } from "./page.ts";
import type { AccountDeadLetterFilter, AttemptFilter, DeadLetterFilter, MessageFilter } from "./record-filters.ts";
import type { SearchPage } from "./search.ts";

/** Counts of unfinished messages of a subscription. Each unfinished message is in exactly one of the counts. */
export interface UnsettledCounts {
  /** Messages in the log that are neither settled nor open; an upper bound when a filter is set. */
  readonly backlog: number;
  /** Parked messages without an open delivery. */
  readonly parked: number;
  /** Messages with an open delivery whose lease has not expired. */
  readonly inFlight: number;
}

export interface SubscriptionCounts extends UnsettledCounts {
  /** Dead letters, except those being redriven: these count as parked. */
  readonly deadLetters: number;
  /** Matching messages whose retention ended before they were claimed. Parked messages become dead letters instead. */
  readonly expired: number;
}

/** Counts of a pulled subscription. Each unsettled message is visible, invisible or delayed. */
export interface PullCounts {
  /** Messages that can be pulled now; an upper bound when a filter is set. */
  readonly visible: number;
  /** Messages that were pulled and not acknowledged, or postponed by a receiver. */
  readonly invisible: number;
  /**
   * Delayed messages that were never pulled. Of the messages that no claim has read yet, only the first
   * `limits.delayedExaminedMax` are examined.
   */
  readonly delayed: number;
  /** When the oldest unsettled message was published; null: there is none. */
  readonly oldestAtMs: TimeMs | null;
  /** Settled messages in the log that were published at or after the given time: a rewind to it delivers them again. */
  readonly rewindable: number;
}

export interface AttemptRecord extends Attempt {
  readonly messageId: MessageId;
  readonly subscription: string;
}

export interface DeliveryRecord {
  readonly subscription: string;
  readonly state: DeliveryState;
  /** For a parked delivery; null when it is held behind an earlier delivery of its key. */
  readonly nextAttemptAtMs: TimeMs | null;
  /** For a dead delivery; null when its dead letter has been purged. */
  readonly reason: DeadReason | null;
  readonly attempts: readonly Attempt[];
}

export interface MessageRecord {
  readonly message: Message;
  readonly topic: string;
  readonly deliveries: readonly DeliveryRecord[];
}

export type MessageOrigin = Pick<Message, "publishedAtMs" | "hops">;

export interface DeadLetter {
  /** A decimal string that grows with time. `withOpaqueRecordIds` encrypts it. */
  readonly id: string;
  readonly message: Message;
  readonly reason: DeadReason;
  readonly attemptsMade: number;
  readonly diedAtMs: TimeMs;
  /** HTTP status of the last attempt; null when none was made or no reply came. */
  readonly lastStatus: number | null;
  readonly lastErrorCode: string | null;
  /** The exact cause of the failure of the last attempt, in words. */
  readonly lastErrorDetail: string | null;
  readonly lastReply: Uint8Array | null;
}

export interface ListedDeadLetter extends DeadLetter {
  readonly subscriptionId: SubscriptionId;
  readonly subscription: string;
  readonly topic: string;
}

/** The state of a subscription that monitoring shows beside its counts. */
export interface SubscriptionCondition {
  readonly health: "healthy" | SubscriptionHealth["state"];
  /** When the oldest unsettled message was published; null: there is none. */
  readonly oldestAtMs: TimeMs | null;
}

/** Counts of the whole store. Internal topics and subscriptions are not counted; their messages and deliveries are. */
export interface StoreStatistics {
  readonly topics: number;
  readonly subscriptions: number;
  readonly backlog: number;
  readonly parked: number;
  readonly deadLetters: number;
  readonly inFlight: number;
  /** Subscriptions that Ringback has disabled. */
  readonly disabledSubscriptions: number;
  /** Subscriptions whose attempts fail, and go on. */
  readonly failingSubscriptions: number;
  /** Subscriptions whose breaker is open. */
  readonly openSubscriptions: number;
  /** Replays that have not ended. */
  readonly replays: number;
  /** Size of the database on disk. */
  readonly bytes: number;
}

/** Successive messages of a log, oldest first, with the ends of the log. */
export interface LogPart {
  readonly firstSeq: Seq;
  /** `firstSeq - 1` when the log is empty. */
  readonly lastSeq: Seq;
  readonly messages: readonly Message[];
}

export interface RecordStore {
  getMessage(accountId: AccountId, id: MessageId): Promise<MessageRecord | null>;
  /** Lists messages of a topic, newest first. */
  listMessages(id: TopicId, page: PageRequest, filter?: MessageFilter): Promise<SearchPage<ListedMessage>>;
  /** Reads little of a message of any account, and nothing of its deliveries. */
  getOrigin(id: MessageId): Promise<MessageOrigin | null>;
  subscriptionCounts(id: SubscriptionId): Promise<SubscriptionCounts>;
  /** Reads the counts of a page of subscriptions at once. A subscription that does not exist is left out. */
  countsOfSubscriptions(ids: readonly SubscriptionId[]): Promise<ReadonlyMap<SubscriptionId, SubscriptionCounts>>;
  /** Reads a bounded amount for each subscription. A subscription that does not exist is left out. */
  conditionsOf(ids: readonly SubscriptionId[]): Promise<ReadonlyMap<SubscriptionId, SubscriptionCondition>>;
  /** Returns at most `limit` subscriptions that are not healthy, of any account, without internal ones. */
  unhealthySubscriptions(limit: number): Promise<readonly Subscription[]>;
  /** These counts are read for every message of an inbox, so a driver caches them. */
  unsettledCounts(id: SubscriptionId): Promise<UnsettledCounts>;
  pullCounts(id: SubscriptionId, rewindableFromMs: TimeMs): Promise<PullCounts>;
  /** Lists attempts, newest first by the time when they started. */
  listAttempts(id: SubscriptionId, page: PageRequest, filter?: AttemptFilter): Promise<SearchPage<AttemptRecord>>;
  /** Lists dead letters, newest first by the time of death, except those being redriven. */
  listDeadLetters(
    id: SubscriptionId,
    page: PageRequest,
    filter?: DeadLetterFilter,
  ): Promise<SearchPage<ListedDeadLetter>>;
  /** Lists the dead letters of all subscriptions in the same way, without those of internal topics. */
  listAccountDeadLetters(
    id: AccountId,
    page: PageRequest,
    filter?: AccountDeadLetterFilter,
  ): Promise<SearchPage<ListedDeadLetter>>;
  getDeadLetter(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null>;
  /**
   * Turns dead letters into deliveries that are due now and start with all retries of the retry policy. A dead letter
   * whose message will be delivered anyway, after a rewind, is only removed. `ids` null: all dead letters that exist at
   * the time of the call, in bounded steps. Returns how many were turned into deliveries or removed.
   */
  redriveDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number>;
  /** Deletes dead letters for good; `ids` null: all. Returns how many. */
  purgeDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number>;
  /**
   * Returns up to `limit` messages after a position. Only messages whose retention has ended are missing. Throws
   * `topic_not_found`.
   */
  messagesAfter(id: TopicId, afterSeq: Seq, limit: number): Promise<LogPart>;
  /** Returns the bytes of the bodies of the topic's messages from one position to another, both included. */
  bodyBytes(id: TopicId, fromSeq: Seq, toSeq: Seq): Promise<number>;
  statistics(): Promise<StoreStatistics>;
}
