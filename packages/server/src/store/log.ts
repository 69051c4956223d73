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
 * 6. **Bounded.** The amount of data that a call reads or returns is bounded by its arguments and `domain/limits.ts`.
 * 7. **Crash-only.** Opening after a crash is an ordinary opening; nothing needs a clean close.
 *
 * The port never assumes a single caller. A claim is a lease that expires. A settlement contains the id of its claim
 * and is ignored when another process has claimed the delivery since. Wake-ups may be lost, duplicated or late.
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
import type { ReservedStarts, StartPace, StartWant } from "../domain/start-schedule.ts";

export interface AppendRequest {
  readonly topicId: TopicId;
  /** At least one (`empty_batch`). Either all of them are accepted, or none. */
  readonly messages: readonly NewMessage[];
  /** A repeated key with another `fingerprint` is refused, because its first request was a different one. */
  readonly idempotency: { readonly key: string; readonly fingerprint: string } | null;
}

export interface AppendResult {
  /** The messages have `firstSeq`, `firstSeq + 1`, … in the order of the request. */
  readonly firstSeq: Seq;
  readonly publishedAtMs: TimeMs;
  /**
   * True: the idempotency key was used before with the same request. Nothing was appended, and the result of the first
   * request is returned.
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
  /** Number of POSTs made since the message was published. */
  readonly attemptsMade: number;
  /** Number of retries of the retry policy that are used up; a redrive resets the number to 0. */
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
   * When the next parked delivery is due; null: none is. For an empty claim, the end of the earliest open lease counts
   * as well. For a strictly ordered subscription with an open delivery, only the lease of that delivery counts, because
   * every other delivery waits for it. While its disk is slower than the settlements, a driver returns empty claims,
   * and this is the time to claim again.
   */
  readonly nextDueAtMs: TimeMs | null;
  /** Parked deliveries of the whole subscription, open ones included. */
  readonly parkedCount: number;
}

export type Settled =
  | { readonly kind: "delivered" }
  /**
   * To be tried again at `dueAtMs`. `firstAttemptAtMs`: when the first POST started, or when the delivery was pulled
   * for the first time, in steady time. The store keeps only the first value.
   */
  | {
      readonly kind: "parked";
      readonly dueAtMs: TimeMs;
      readonly retriesMade: number;
      readonly firstAttemptAtMs?: TimeMs;
    }
  /**
   * Not attempted, because an earlier delivery of the same ordering key is parked. The held delivery is due when the
   * earlier one is settled. It is due at once if the earlier one is no longer parked, or if the order has changed.
   */
  | { readonly kind: "held" }
  | { readonly kind: "dead"; readonly reason: DeadReason }
  /** Not attempted. The delivery can be claimed again at once. */
  | { readonly kind: "released" };

export interface Settlement {
  readonly claimId: ClaimId;
  readonly subscriptionId: SubscriptionId;
  readonly delivery: ClaimedDelivery;
  /** null: no POST was made. */
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
    /** The message stays invisible until `dueAtMs`. A time in the past makes it visible at once. */
    | { readonly kind: "due"; readonly dueAtMs: TimeMs };
}

export interface RetentionResult {
  readonly messages: number;
  readonly attempts: number;
  readonly deadLetters: number;
  readonly auditRecords: number;
  readonly idempotencyKeys: number;
  /** For each subscription, the undelivered messages that were removed: counted as expired, or now dead letters. */
  readonly expired: readonly { readonly subscriptionId: SubscriptionId; readonly count: number }[];
  /** True: the step reached its limit. Call again soon. */
  readonly more: boolean;
}

export interface LogStore {
  /**
   * Atomic and durable. Idempotent per idempotency key for `limits.idempotencyKeyHours`. `seq` grows in commit order.
   * Throws `topic_not_found`, `idempotency_conflict`, and `topic_used_up` when too few positions are left.
   */
  append(request: AppendRequest): Promise<AppendResult>;

  /**
   * Claims deliveries under a lease of `leaseMs`. Returns one claim per request, in the order of the requests; an
   * unknown, paused or deleted subscription gets an empty claim. A delivery is open in at most one unexpired claim. The
   * place of a delayed message in an order is determined when its delay ends.
   */
  claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]>;

  /**
   * Extends leases, never shortens them. Returns the claims that were still held. A claim whose deliveries are all
   * settled, or whose lease has expired, is gone.
   */
  renew(claimIds: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]>;

  /**
   * Reports, without a query, whether this process still owns its claims. null: the process was silent for so long that
   * others may have taken its claims, so no delivery of these claims may start. Otherwise the result is the number of
   * such silences so far. If the number has changed since a claim was made, `renew` returns the claims still held.
   */
  touch(): number | null;

  /**
   * Reserves starts of POSTs for the caller, so that all processes together keep to one pace for the subscription. The
   * result is in steady time of this process. Reserved starts that the caller does not use are lost. Atomic and not
   * durable: after a restart of the database, or of the process if the driver keeps the schedule in memory, one burst
   * may come early. When the pace changes, the next call applies the new one. For an unknown subscription nothing is
   * reserved.
   */
  reserveStarts(id: SubscriptionId, pace: StartPace, want: StartWant): Promise<ReservedStarts>;

  /**
   * Records the outcomes of claimed deliveries, durably, in one atomic step. Returns how many settlements were applied.
   * A settlement whose claim no longer has the delivery is ignored. A claim whose lease has expired still has the
   * deliveries that no other claim has taken. A settlement with values that cannot be stored fails the whole call
   * (`internal`).
   *
   * While the disk refuses writes, the call waits. If the store is closed meanwhile, the call fails with
   * `shutting_down`. With `whenRefused` "fail" the call fails at once, and nothing of it is written. Its deliveries are
   * then claimable again at once, with their earlier counts.
   */
  settle(settlements: readonly Settlement[], whenRefused?: "wait" | "fail"): Promise<number>;

  /**
   * Applies receivers' answers to deliveries that they pulled, in one atomic, durable step. Returns for each answer
   * whether it was applied. The delivery must be parked, still invisible, and unchanged since the pull; a delivery that
   * is visible again, was pulled again, or is open in a claim is not changed. Of several answers for one delivery only
   * the first can be applied. When the disk refuses the write, the call fails without a retry.
   */
  settlePulled(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]>;

  /**
   * Moves the cursor back: every matching message at or after `to` that still exists is delivered once more, whatever
   * its earlier outcome. Parked deliveries and open claims at or after `to` are dropped, and later settlements of these
   * claims are ignored. Dead letters stay, except those being redriven. A position after the cursor changes nothing.
   * With more than `limits.rewoundPerCommitMax` parked deliveries, the rewind runs in steps from the end of the log
   * backwards. A failure can leave it half done. Returns false when there is no such subscription.
   */
  rewind(id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean>;

  /**
   * Calls every listener with subscriptions that may have work. Wake-ups may be duplicated, late or needless. Other
   * processes are also notified of pulled deliveries, so that they can find out when these become visible again. When
   * nobody claims after a wake-up, another wake-up for the same work is not guaranteed.
   */
  onReady(listener: (subscriptionIds: readonly SubscriptionId[]) => void): void;

  /**
   * Returns the subscriptions that have work now, expired leases included, and when the next work is due. The engine
   * calls it at start, and from time to time in case a wake-up was lost.
   */
  findReady(): Promise<{ readonly subscriptionIds: readonly SubscriptionId[]; readonly nextDueAtMs: TimeMs | null }>;

  /**
   * Removes data that is past its retention, in one small, bounded step that never blocks an append for long. Messages
   * are removed oldest first, up to the first message with an open delivery.
   */
  retain(): Promise<RetentionResult>;
}
