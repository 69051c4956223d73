/** Records of the past and present: messages with their deliveries and attempts, counts, dead letters. */

import type {
  AccountId,
  Attempt,
  DeadReason,
  DeliveryState,
  Message,
  MessageId,
  SubscriptionId,
  TimeMs,
} from "../domain/model.ts";
import type { Page, PageRequest } from "./page.ts";

/** Unfinished messages of a subscription. Each is counted once, here and in `SubscriptionCounts`. */
export interface UnsettledCounts {
  /** Messages in the log that are neither settled nor open; an upper bound when a filter is set. */
  readonly backlog: number;
  /** Parked and not open. */
  readonly parked: number;
  /** Open under a lease that has not expired. */
  readonly inFlight: number;
}

export interface SubscriptionCounts extends UnsettledCounts {
  /** Without those being redriven, which are parked. */
  readonly deadLetters: number;
  /** Matching messages whose retention ended before they were claimed. Parked ones become dead letters instead. */
  readonly expired: number;
}

/** Counts of a pulled subscription. Each unsettled message is counted in one of the first three. */
export interface PullCounts {
  /** Can be pulled now; an upper bound when a filter is set. */
  readonly visible: number;
  /** Pulled and not acknowledged, or put off by a receiver. */
  readonly invisible: number;
  /**
   * Never pulled, and delayed. Those that no claim has read yet are counted up to `limits.delayedExaminedMax` messages.
   */
  readonly delayed: number;
  /** When the oldest of these messages was published; null: there is none. */
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

export interface DeadLetter {
  /** Decimal string; grows with time. */
  readonly id: string;
  readonly message: Message;
  readonly reason: DeadReason;
  readonly attemptsMade: number;
  readonly diedAtMs: TimeMs;
  /** HTTP status of the last attempt; null when none was made or no reply came. */
  readonly lastStatus: number | null;
  readonly lastErrorCode: string | null;
  readonly lastReply: Uint8Array | null;
}

/** Messages and deliveries of the whole store; topics and subscriptions without internal ones. */
export interface StoreStatistics {
  readonly topics: number;
  readonly subscriptions: number;
  readonly backlog: number;
  readonly parked: number;
  readonly deadLetters: number;
  readonly inFlight: number;
  /** Size of the database on disk. */
  readonly bytes: number;
}

export interface RecordStore {
  getMessage(accountId: AccountId, id: MessageId): Promise<MessageRecord | null>;
  subscriptionCounts(id: SubscriptionId): Promise<SubscriptionCounts>;
  /** Read for every message of an inbox, so a driver caches them. */
  unsettledCounts(id: SubscriptionId): Promise<UnsettledCounts>;
  pullCounts(id: SubscriptionId, rewindableFromMs: TimeMs): Promise<PullCounts>;
  /** Newest first. */
  listAttempts(id: SubscriptionId, page: PageRequest, only: "all" | "failed"): Promise<Page<AttemptRecord>>;
  /** Newest first, without those being redriven. */
  listDeadLetters(id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>>;
  getDeadLetter(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null>;
  /**
   * Turns dead letters into deliveries that are due now, with a fresh retry policy. A dead letter whose message is to
   * be delivered anyway, after a rewind, is only removed. `ids` null: all that exist at the time of the call, in
   * bounded steps. Returns how many.
   */
  redriveDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number>;
  /** Deletes dead letters for good; `ids` null: all. Returns how many. */
  purgeDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number>;
  statistics(): Promise<StoreStatistics>;
}
