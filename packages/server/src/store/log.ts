/**
 * The log of every topic and the claims on it: publish, claim, settle, rewind, expire. Every driver keeps these
 * promises, and `store/contract/` proves them on each:
 *
 * 1. **Accepted is durable.** When `append` resolves, its messages survive `kill -9` and power loss.
 * 2. **At least once, never silently.** A matching message is claimed until it is settled as delivered or dead, or it
 *    is counted as expired.
 * 3. **Few duplicates.** After a crash only unfinished deliveries of open claims are claimed again. A settled delivery
 *    never is.
 * 4. **Order when requested.** With `order: "strict"` at most one delivery is open. With `order: "key"` the deliveries
 *    of a key are claimed in order, and a parked delivery holds its successors.
 * 5. **Isolation.** One subscription's backlog, parked or open deliveries change nothing for another subscription.
 * 6. **Bounded.** What a call reads or returns is bounded by its arguments and `domain/limits.ts`.
 * 7. **Crash-only.** Opening after a crash is an ordinary opening; nothing needs a clean close.
 *
 * The port never assumes a single caller: a claim is a lease that expires, a settlement names its claim and is void
 * when another process has taken the claim over, and wake-ups may be lost, duplicated or late.
 */

import type {
  Attempt,
  DeadReason,
  Message,
  NewMessage,
  Seq,
  Start,
  SubscriptionId,
  TimeMs,
  TopicId,
} from "../domain/model.ts";

export interface AppendRequest {
  readonly topicId: TopicId;
  /** At least one (`empty_batch`). Either all of them are accepted, or none. */
  readonly messages: readonly NewMessage[];
  /** A repeated key with another `fingerprint` is refused: it came with a different request. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
}

export interface AppendResult {
  /** The messages have `firstSeq`, `firstSeq + 1`, … in the order of the request. */
  readonly firstSeq: Seq;
  readonly publishedAtMs: TimeMs;
  /**
   * True: the idempotency key was used before with the same request. Nothing was appended; this is the first result.
   */
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
  /** False: only parked deliveries that are due, and nothing new from the log. */
  readonly fromLog: boolean;
}

export interface ClaimedDelivery {
  readonly message: Message;
  /** POSTs made so far, over the delivery's whole life. */
  readonly attemptsMade: number;
  /** Retries that the retry policy has used; a redrive resets it to 0. */
  readonly retriesMade: number;
  /** Time of the first attempt, from which the retry policy counts; null before the first attempt. */
  readonly firstAttemptAtMs: TimeMs | null;
}

export interface Claim {
  readonly id: ClaimId;
  readonly subscriptionId: SubscriptionId;
  /** May be empty. In order of `seq` for ordered subscriptions. */
  readonly deliveries: readonly ClaimedDelivery[];
  /** True: the same request would return more right now. */
  readonly more: boolean;
  /**
   * When the next parked delivery is due; null: none is. An empty claim also considers when the earliest open lease
   * expires; for a strict subscription with an open delivery it considers only that lease, because every other delivery
   * waits for it. A driver whose disk is slower than the settlements returns empty claims, and this is then the time of
   * the next try.
   */
  readonly nextDueAtMs: TimeMs | null;
  /** Parked deliveries of the whole subscription, open ones included. */
  readonly parkedCount: number;
}

export type Settled =
  | { readonly kind: "delivered" }
  /**
   * To be tried again at `dueAtMs`. `firstAttemptAtMs` is set for a pulled delivery, which has no attempt to start its
   * retry clock; the store keeps the first value only.
   */
  | {
      readonly kind: "parked";
      readonly dueAtMs: TimeMs;
      readonly retriesMade: number;
      readonly firstAttemptAtMs?: TimeMs;
    }
  /**
   * Not attempted: an earlier delivery of the same ordering key is parked, and this one is due when that one is
   * settled. Due at once if no such delivery is parked any more, or if the order has changed.
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

/** Identifies one delivery of a pulled message: the parked row must still have these values. */
export interface PulledDelivery {
  readonly seq: Seq;
  readonly retriesMade: number;
  readonly firstAttemptAtMs: TimeMs;
}

/** A receiver's answer about a message that it pulled. */
export interface PulledSettlement {
  readonly pulled: PulledDelivery;
  readonly answer:
    | { readonly kind: "delivered"; readonly attempt: Attempt }
    /** Invisible until `dueAtMs`; a time that has passed makes the message visible at once. */
    | { readonly kind: "due"; readonly dueAtMs: TimeMs };
}

export interface RetentionResult {
  readonly messages: number;
  readonly attempts: number;
  readonly deadLetters: number;
  readonly idempotencyKeys: number;
  /** Removed messages that were still undelivered: their deliveries are counted as expired or became dead letters. */
  readonly expired: readonly { readonly subscriptionId: SubscriptionId; readonly count: number }[];
  /** True: the step reached its limit. Call again soon. */
  readonly more: boolean;
}

export interface LogStore {
  /**
   * Atomic and durable. Idempotent per idempotency key for `limits.idempotencyKeyHours`. `seq` grows in commit order.
   */
  append(request: AppendRequest): Promise<AppendResult>;

  /**
   * Claims deliveries under a lease of `leaseMs`. Returns one claim per request, in the order of the requests; an
   * unknown, paused or deleted subscription gets an empty claim. A delivery is open in at most one unexpired claim. A
   * delayed message takes its position in an order when its time has come.
   */
  claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]>;

  /**
   * Extends leases, never shortens them. Returns the claims that were still held. A claim whose deliveries are all
   * settled, or whose lease has expired, is gone.
   */
  renew(claimIds: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]>;

  /**
   * Reports, without a query, whether this process still owns its claims. null: the process was silent for so long that
   * others may have taken its claims, so no delivery of them may start. A number other than the one at the time of a
   * claim: the process was silent in between, and `renew` returns what it still holds.
   */
  touch(): number | null;

  /**
   * Records the outcomes of claimed deliveries, durably, in one atomic step. A settlement whose claim no longer holds
   * the delivery is void: neither applied nor recorded. Returns how many were applied. After its lease has expired, a
   * claim still holds the deliveries that nobody else has claimed. While the disk refuses writes, the call waits for
   * the disk, or for `close` (`shutting_down`). A settlement that no record can hold fails the whole call (`internal`).
   */
  settle(settlements: readonly Settlement[]): Promise<number>;

  /**
   * Applies receivers' answers to deliveries that they pulled: parked, still invisible, and unchanged since the pull. A
   * delivery that is visible again, was pulled again, or is open in a claim is left alone. One atomic, durable step;
   * returns per answer whether it was applied. Of several answers for one delivery only the first can be applied. Never
   * waits: when the disk refuses the write, the call fails.
   */
  settlePulled(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]>;

  /**
   * Moves the cursor back: every matching message from `to` on that is still kept is delivered once more, whatever its
   * earlier outcome. Parked deliveries and open claims from there on become void, later settlements of them too; dead
   * letters stay, except those being redriven. A position after the cursor changes nothing. Past
   * `limits.rewoundPerCommitMax` parked deliveries the work is done in steps, last ones first, so a failure may leave
   * it half done. Returns false when there is no such subscription.
   */
  rewind(id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean>;

  /**
   * Notifies every listener which subscriptions may have work. Wake-ups may be duplicated, late or needless. Other
   * processes are also notified of pulled deliveries, so that they can ask when those are visible again. A subscription
   * that was notified and not claimed from is not necessarily notified again.
   */
  onReady(listener: (subscriptionIds: readonly SubscriptionId[]) => void): void;

  /**
   * Subscriptions that have work now, expired leases included, and when the next work is due. Called at start, and from
   * time to time in case a wake-up was lost.
   */
  findReady(): Promise<{ readonly subscriptionIds: readonly SubscriptionId[]; readonly nextDueAtMs: TimeMs | null }>;

  /**
   * One small, bounded step of removing what is past its retention. Never blocks an append for long. Messages are
   * removed oldest first, up to the first open delivery: an open one stays.
   */
  retain(): Promise<RetentionResult>;
}
