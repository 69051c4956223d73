/**
 * The one door between the engine and a database, in domain words. Every driver keeps these promises, and
 * `store/contract/` proves them on each:
 *
 * 1. **Accepted is durable.** When `append` resolves, its messages survive `kill -9` and power loss.
 * 2. **At least once, never silently.** A matching message is claimed until it is settled as delivered or dead, or it
 *    is counted as expired.
 * 3. **Few duplicates.** After a crash only unfinished deliveries of open claims are claimed again. A settled one never.
 * 4. **Order when asked.** For `order: "strict"` at most one delivery is open; for `"key"` the deliveries of a key are
 *    claimed in order, and a parked one holds its successors.
 * 5. **Isolation.** One subscription's backlog, parked or open deliveries change nothing for another.
 * 6. **Bounded.** What a call reads or returns is bounded by its arguments and `domain/limits.ts`.
 * 7. **Crash-only.** Opening after a crash is an ordinary opening; nothing needs a clean close.
 *
 * Nothing here assumes that the caller is alone: a claim is a lease that runs out, a settlement names its claim and is
 * void when the claim has passed to somebody else, and `ready` hints may be lost, doubled or late.
 *
 * A topic or subscription whose name holds a colon is the server's own (`domain/internal-names.ts`): it is found by its name
 * and works like any other, but no list, no statistics and no limit of the account counts it.
 *
 * Failures are `RingbackError`s: `storage_full` and `storage_unavailable` when the database cannot be written (nothing
 * of the call took effect), `overloaded` when a queue is full.
 */

import type {
  Account,
  AccountId,
  Attempt,
  Entry,
  EntryKind,
  DeadReason,
  DeliveryState,
  Message,
  MessageId,
  NewMessage,
  Seq,
  Start,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  SubscriptionState,
  TimeMs,
  Topic,
  TopicId,
  TopicSettings,
} from "../domain/model.ts";

export interface AppendRequest {
  readonly topicId: TopicId;
  /** At least one (`empty_batch`). All of them are accepted, or none. */
  readonly messages: readonly NewMessage[];
  /** `fingerprint` tells whether a repeated key came with the same request. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
}

export interface AppendResult {
  /** The messages took `firstSeq`, `firstSeq + 1`, … in the order of the request. */
  readonly firstSeq: Seq;
  readonly publishedAtMs: TimeMs;
  /** The idempotency key had been used for this very request: nothing was appended, and this is the first answer. */
  readonly replayed: boolean;
}

declare const claimBrand: unique symbol;
export type ClaimId = number & { readonly [claimBrand]: "ClaimId" };

export interface ClaimWant {
  readonly subscriptionId: SubscriptionId;
  /** At least 1. */
  readonly deliveriesMax: number;
  /** Message bytes after which the claim stops; one message always fits. */
  readonly bytesMax: number;
  /** `false`: only parked deliveries that are due, nothing new from the log. */
  readonly fromLog: boolean;
}

export interface ClaimedDelivery {
  readonly message: Message;
  /** POSTs made before, over the delivery's whole life. */
  readonly attemptsMade: number;
  /** Retries that the retry policy has already spent; starts again at 0 on a redrive. */
  readonly retriesMade: number;
  /** When the retry policy's clock started: its first attempt; null before that. */
  readonly firstAttemptAtMs: TimeMs | null;
}

export interface Claim {
  readonly id: ClaimId;
  readonly subscriptionId: SubscriptionId;
  /** May be empty. In order of `seq` for ordered subscriptions. */
  readonly deliveries: readonly ClaimedDelivery[];
  /** The same want would bring more right now. */
  readonly more: boolean;
  /**
   * When the next parked delivery is due; null: none is. An empty claim tells when the earliest open lease runs out as
   * well, and of a strict subscription with an open delivery only that: until then the others wait, due or not. A driver
   * whose disk does not keep up with settlements gives empty claims and says here when to ask again.
   */
  readonly nextDueAtMs: TimeMs | null;
  /** Of the whole subscription, with those that are open. */
  readonly parkedCount: number;
}

export type Settled =
  | { readonly kind: "delivered" }
  /**
   * Again at `dueAtMs`. `firstAttemptAtMs` counts for one that was handed out to somebody instead of being POSTed, so that there is
   * no attempt to begin its clock, and only the first time.
   */
  | {
      readonly kind: "parked";
      readonly dueAtMs: TimeMs;
      readonly retriesMade: number;
      readonly firstAttemptAtMs?: TimeMs;
    }
  /**
   * Not attempted: an earlier delivery of the same ordering key is parked; due once that one is settled. If none is (it
   * is over by now, or the order has changed), due at once.
   */
  | { readonly kind: "held" }
  | { readonly kind: "dead"; readonly reason: DeadReason }
  /** Not attempted: may be claimed again at once. */
  | { readonly kind: "released" };

export interface Settlement {
  readonly claimId: ClaimId;
  readonly subscriptionId: SubscriptionId;
  readonly delivery: ClaimedDelivery;
  /** null when no POST was made. */
  readonly attempt: Attempt | null;
  readonly settled: Settled;
}

/** Messages of a subscription that have not come to their end. Each counts in one place, here and in `SubscriptionCounts`. */
export interface UnsettledCounts {
  /** Messages in the log that are neither settled nor open; an upper bound when a filter is set. */
  readonly backlog: number;
  /** Parked and not open. */
  readonly parked: number;
  /** Open under a lease that has not run out. */
  readonly inFlight: number;
}

export interface SubscriptionCounts extends UnsettledCounts {
  /** Without those being redriven, which are parked. */
  readonly deadLetters: number;
  /** Matching messages whose retention time ended before they were claimed. Parked ones become dead letters instead. */
  readonly expired: number;
}

/** Names a delivery that was handed out and parked meanwhile, as it was then. */
export interface PulledDelivery {
  readonly seq: Seq;
  readonly retriesMade: number;
  readonly firstAttemptAtMs: TimeMs;
}

/** What the receiver of a delivery says of it. */
export interface ReceiverAnswer {
  readonly handedOut: PulledDelivery;
  readonly answer:
    | { readonly kind: "delivered"; readonly attempt: Attempt }
    /** Hidden until then; now or earlier: there again at once. */
    | { readonly kind: "due"; readonly dueAtMs: TimeMs };
}

/** A subscription that is pulled from, in the words of its receivers. Each unsettled message counts in one of the first three. */
export interface PullCounts {
  /** There to be taken now; an upper bound when a filter is set. */
  readonly visible: number;
  /** Handed out and not answered for, or put off by a receiver. */
  readonly invisible: number;
  /** Never handed out, and not before their time. Those that no claim has come to yet are counted as far as `limits.delayedLookedAtMax` messages. */
  readonly delayed: number;
  /** When the oldest of them was published; null: there is none. */
  readonly oldestAtMs: TimeMs | null;
  /** Settled messages in the log that were published at or after the time that was asked for: a rewind to it brings them back. */
  readonly rewindable: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `after` to get the next page; null on the last. */
  readonly next: string | null;
}

export interface PageRequest {
  readonly after: string | null;
  readonly limit: number;
}

export interface AttemptRecord extends Attempt {
  readonly messageId: MessageId;
  readonly subscription: string;
}

export interface DeliveryRecord {
  readonly subscription: string;
  readonly state: DeliveryState;
  /** For parked ones; null when held behind an earlier delivery of its key. */
  readonly nextAttemptAtMs: TimeMs | null;
  /** For dead ones; null when the dead letter has been purged. */
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
  /** The last attempt's end; null when none was made. */
  readonly lastStatus: number | null;
  readonly lastErrorCode: string | null;
  readonly lastReply: Uint8Array | null;
}

/** A process that has the store open, or had it lately. */
export interface StoreNode {
  readonly id: number;
  /** Where it runs, for people: the name of its host. */
  readonly name: string;
  readonly version: string;
  readonly startedAtMs: TimeMs;
  /** When it last said that it is there. */
  readonly lastSeenAtMs: TimeMs;
  readonly isAlive: boolean;
  /** The one that was asked. */
  readonly isThis: boolean;
}

/** What a process calls itself among the nodes. */
export interface NodeLabel {
  readonly name: string;
  readonly version: string;
}

/** A process's own connections to a database server, one line per pool. */
export interface ConnectionUse {
  readonly pool: string;
  readonly max: number;
  readonly open: number;
  readonly idle: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
  /** Connections that broke, since the start; each is made anew when somebody next wants it. */
  readonly lost: number;
}

/** Messages and deliveries of the whole store; topics and subscriptions without the server's own. */
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

export interface RetentionResult {
  readonly messages: number;
  readonly attempts: number;
  readonly deadLetters: number;
  readonly idempotencyKeys: number;
  /** Undelivered matching messages that went: their deliveries are counted as expired or became dead letters. */
  readonly expired: readonly { readonly subscriptionId: SubscriptionId; readonly count: number }[];
  /** The step reached its bound: call again soon. */
  readonly more: boolean;
}

export interface Store {
  readonly driver: string;

  // ---- the log

  /** Atomic and durable. Idempotent under its idempotency key for `limits.idempotencyKeyHours`. `seq` grows in commit order. */
  append(request: AppendRequest): Promise<AppendResult>;

  /**
   * Takes work under a lease of `leaseMs`. One claim per want, in the order of the wants; unknown, paused or deleted
   * subscriptions give empty ones. A delivery is open in at most one unexpired claim. A delayed message takes its place
   * in an order when its time has come.
   */
  claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]>;

  /**
   * Extends leases, never shortens them; returns those that were still held. A claim whose deliveries are all settled is
   * gone, and so is one whose lease has run out.
   */
  renew(claimIds: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]>;

  /**
   * Whether claims are still this process's, without asking. null: it has not been heard for so long that others may have taken
   * them, and none of their deliveries may be started. Another number than at the time of a claim: that was so meanwhile,
   * and `renew` tells what is still held.
   */
  touch(): number | null;

  /**
   * Writes what became of claimed deliveries, durably, in one atomic step. A settlement whose claim no longer holds the
   * delivery is void: not applied, not recorded. Returns how many were applied. After the end of a lease a claim may
   * still hold what nobody else has taken. When the disk refuses, it waits until the disk takes it, or for `close`
   * (`shutting_down`); a settlement that no record can hold is refused (`internal`), and its whole call with it.
   */
  settle(settlements: readonly Settlement[]): Promise<number>;

  /**
   * Receivers answer for what was handed out to them: deliveries that are parked and still hidden, as they were parked then. One that is there again,
   * was handed out again, or is open in a claim, is not touched. In one atomic, durable step; says for each whether it was applied. Of
   * several about one delivery only the first can be. Nothing is waited for: when the disk refuses, so does the call.
   */
  answer(id: SubscriptionId, answers: readonly ReceiverAnswer[]): Promise<readonly boolean[]>;

  /**
   * Goes back in the log: every matching message from `to` on that is still kept is for this subscription again, whatever became of it, once.
   * Its parked deliveries and open claims from there on are void, and so is what anybody says of them later; dead letters stay.
   * One that is being redriven goes with its dead letter. A place after the one that claims have come to changes nothing.
   * Past `limits.rewoundPerCommitMax` parked deliveries it goes in steps, the last ones first: one that fails has gone a part of the way.
   * False: there is no such subscription.
   */
  rewind(id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean>;

  /**
   * Tells every listener which subscriptions may have work now. Hints: they may come doubled, late or for nothing; other processes
   * also hear of what was handed out here, so that they can ask when it is there again. A subscription
   * that the driver has hinted at and that was not claimed from is not necessarily hinted at again.
   */
  onReady(listener: (subscriptionIds: readonly SubscriptionId[]) => void): void;

  /**
   * Subscriptions with work at hand or due by itself, leases that have run out among it: after a start, and now and then
   * as a net under the hints.
   */
  findReady(): Promise<{ readonly subscriptionIds: readonly SubscriptionId[]; readonly nextDueAtMs: TimeMs | null }>;

  // ---- the catalog

  defaultAccount(): Account;

  /** Creates or changes; changing nothing is harmless. `filterType` cannot change (`immutable_field`). */
  putTopic(
    accountId: AccountId,
    name: string,
    settings: Partial<TopicSettings>,
  ): Promise<{ readonly topic: Topic; readonly created: boolean }>;
  /** Creates; null when there is one whose name is the same but for the case of A to Z, also one that comes at the same time. */
  createTopic(accountId: AccountId, name: string, settings: Partial<TopicSettings>): Promise<Topic | null>;
  getTopic(accountId: AccountId, name: string): Promise<Topic | null>;
  /** One whose name is the same but for the case of A to Z; null: there is none. */
  findTopicAnyCase(accountId: AccountId, name: string): Promise<Topic | null>;
  /** By name. */
  listTopics(accountId: AccountId, page: PageRequest): Promise<Page<Topic>>;
  /** Removes the topic, its subscriptions and everything of theirs. False when there was none. */
  deleteTopic(accountId: AccountId, name: string): Promise<boolean>;

  /**
   * Creates or changes. `start` counts only at creation; a position that is yet to come is waited for, a time that is yet
   * to come is now. A new filter judges what no claim has looked at; a new order lets go of everything that is held. One that is pushed
   * stays so, and one that is pulled from, too (`immutable_field`).
   */
  putSubscription(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
  ): Promise<{ readonly subscription: Subscription; readonly created: boolean }>;
  getSubscription(topicId: TopicId, name: string): Promise<Subscription | null>;
  getSubscriptionById(id: SubscriptionId): Promise<Subscription | null>;
  /** By name. */
  listSubscriptions(topicId: TopicId, page: PageRequest): Promise<Page<Subscription>>;
  deleteSubscription(topicId: TopicId, name: string): Promise<boolean>;
  setSubscriptionState(topicId: TopicId, name: string, state: SubscriptionState): Promise<Subscription | null>;
  /** Whoever wants to learns here that a subscription was changed, paused, resumed or deleted; several may. */
  onSubscriptionChange(listener: (subscriptionId: SubscriptionId) => void): void;

  // ---- things with a name that the store keeps for others: hooks, inboxes, keys

  /**
   * Creates or replaces, durably; of several who create one at once, on whatever node, one does. `only` `"new"`: what is there stays as
   * it is. `entry_limit` past `limits.entriesMax` of a kind.
   */
  putEntry(
    accountId: AccountId,
    kind: EntryKind,
    name: string,
    value: unknown,
    only?: "new",
  ): Promise<{ readonly entry: Entry; readonly created: boolean }>;
  /** Read for every call of a hook and every arrival of an inbox: a driver keeps it at hand. */
  getEntry(accountId: AccountId, kind: EntryKind, name: string): Promise<Entry | null>;
  /** By name. */
  listEntries(accountId: AccountId, kind: EntryKind, page: PageRequest): Promise<Page<Entry>>;
  deleteEntry(accountId: AccountId, kind: EntryKind, name: string): Promise<boolean>;

  // ---- looking and mending

  getMessage(accountId: AccountId, id: MessageId): Promise<MessageRecord | null>;
  subscriptionCounts(id: SubscriptionId): Promise<SubscriptionCounts>;
  /** Asked for with every arrival of an inbox: a driver keeps them at hand. */
  unsettledCounts(id: SubscriptionId): Promise<UnsettledCounts>;
  pullCounts(id: SubscriptionId, rewindableFromMs: TimeMs): Promise<PullCounts>;
  /** Newest first. */
  listAttempts(id: SubscriptionId, page: PageRequest, only: "all" | "failed"): Promise<Page<AttemptRecord>>;
  /** Newest first. Those being redriven are not listed. */
  listDeadLetters(id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>>;
  getDeadLetter(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null>;
  /**
   * Makes dead letters deliveries again, due now, with their retry policy from its beginning. One whose message is to be delivered
   * anyway, after a rewind, only goes. `ids` null: all there are at the time of the call, in bounded steps. Returns how many.
   */
  redriveDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number>;
  /** Removes them for good; `ids` null: all. Returns how many. */
  purgeDeadLetters(id: SubscriptionId, ids: readonly string[] | null): Promise<number>;

  statistics(): Promise<StoreStatistics>;

  /** The processes that have the store open, this one among them, and those that have gone lately; the living first, at most `limits.nodesListedMax`. */
  nodes(): Promise<readonly StoreNode[]>;
  /** Of this process; none where the database is a part of it. */
  connections(): readonly ConnectionUse[];

  /**
   * One small, bounded step of removing what is past its retention. Never blocks an append for long. Messages go oldest
   * first, up to the first that is open: what is in somebody's hands stays.
   */
  retain(): Promise<RetentionResult>;

  /** True when the last write succeeded; while it is false, the driver finds out by itself when that changes. */
  writable(): boolean;

  close(): Promise<void>;
}

/** What a driver tells the operator's metrics. Durations in seconds. */
export interface StoreObserver {
  /** One group commit: how long the database took to make it durable, and how many operations shared it. */
  commit(durationS: number, operations: number): void;
  /** One statement of this name has been sent to a database that is elsewhere: one round trip. Not told by a driver without one. */
  statement?(name: string): void;
}
