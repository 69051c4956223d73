import { compileFilter } from "../../domain/filter.ts";
import type { Attempt, DeadReason, Message, Seq, Subscription, TimeMs } from "../../domain/model.ts";
import { Cursor } from "../cursor.ts";
import type { ClaimedDelivery, ClaimId } from "../log.ts";
import { AttemptRecords } from "./attempt-records.ts";
import type { Claims } from "./claims.ts";
import { DeadLetters } from "./dead-letters.ts";
import { ParkedDeliveries } from "./parked-deliveries.ts";
import type { TopicLog } from "./topic-log.ts";

export interface OpenDelivery {
  readonly claimId: ClaimId;
  readonly delivery: ClaimedDelivery;
}

/** One subscription with its cursor, its open and parked deliveries, its dead letters and its attempts. */
export class SubscriptionState {
  readonly topic: TopicLog;
  readonly cursor: Cursor;
  readonly open = new Map<Seq, OpenDelivery>();
  readonly parked = new ParkedDeliveries();
  readonly attempts = new AttemptRecords();
  readonly deadLetters = new DeadLetters();
  expiredCount = 0;
  readonly #claims: Claims;
  readonly #nextRecordId: () => number;
  #subscription: Subscription;
  #matches: ((message: Message) => boolean) | null = null;

  constructor(options: {
    readonly subscription: Subscription;
    readonly topic: TopicLog;
    readonly claims: Claims;
    readonly nextRecordId: () => number;
    readonly settledThrough: Seq;
  }) {
    this.#subscription = options.subscription;
    this.topic = options.topic;
    this.#claims = options.claims;
    this.#nextRecordId = options.nextRecordId;
    this.cursor = new Cursor(options.settledThrough);
  }

  get subscription(): Subscription {
    return this.#subscription;
  }

  set subscription(subscription: Subscription) {
    this.#subscription = subscription;
    this.#matches = null;
  }

  matches(message: Message): boolean {
    return (this.#matches ??= compileFilter(this.#subscription.settings.filter))(message);
  }

  /** The key within which the message keeps its position; null: none. */
  orderingKeyOf(message: Message): string | null {
    const { order } = this.#subscription.settings;
    if (order === "none") return null;
    return order === "strict" ? "" : message.orderingKey;
  }

  get hasUnread(): boolean {
    return this.cursor.scannedThrough < this.topic.lastSeq;
  }

  get openParkedCount(): number {
    let count = 0;
    for (const seq of this.open.keys()) if (this.parked.get(seq) !== undefined) count++;
    return count;
  }

  /** Messages of the log that are neither settled nor open. */
  get backlog(): number {
    const unsettled = this.topic.lastSeq - this.cursor.settledThrough - this.cursor.doneCount;
    return Math.max(0, unsettled - (this.open.size - this.openParkedCount));
  }

  /** Parked and not open. */
  get waitingCount(): number {
    return this.parked.size - this.openParkedCount;
  }

  /** A strict subscription delivers nothing from the log while a delivery is open or parked. */
  get isHeld(): boolean {
    return this.#subscription.settings.order === "strict" && (this.open.size > 0 || this.parked.isBlocked(""));
  }

  /** The earliest end of a lease; null: nothing is open. */
  get leaseEndMs(): TimeMs | null {
    let end: TimeMs | null = null;
    for (const { claimId } of this.open.values()) {
      const leaseUntilMs = this.#claims.leaseUntilMs(claimId);
      if (end === null || leaseUntilMs < end) end = leaseUntilMs;
    }
    return end;
  }

  /** Whether the log must keep the message. A redriven delivery has the copy in its dead letter. */
  hasOpenInLog(seq: Seq): boolean {
    return this.open.has(seq) && (this.parked.get(seq)?.deadLetterId ?? null) === null;
  }

  /** Whether the message may still have to be delivered. */
  hasUnsettled(seq: Seq): boolean {
    return !this.cursor.isDone(seq) || this.parked.get(seq) !== undefined;
  }

  take(claimId: ClaimId, delivery: ClaimedDelivery, leaseUntilMs: TimeMs): void {
    this.open.set(delivery.message.seq, { claimId, delivery });
    this.#claims.add(claimId, leaseUntilMs);
  }

  /** Removes the delivery from its claim. */
  leaveClaim(seq: Seq): void {
    const open = this.open.get(seq);
    if (open === undefined) return;
    this.open.delete(seq);
    this.#claims.leave(open.claimId);
  }

  /** Makes the delivery claimable again at once. */
  release(seq: Seq, nowMs: TimeMs): void {
    this.leaveClaim(seq);
    if (this.parked.get(seq) === undefined) this.cursor.rewind(seq);
    else this.parked.dueAt(nowMs);
  }

  releaseExpired(nowMs: TimeMs): void {
    for (const [seq, { claimId }] of this.open) {
      if (this.#claims.leaseUntilMs(claimId) <= nowMs) this.release(seq, nowMs);
    }
  }

  releaseAll(nowMs: TimeMs): void {
    for (const seq of this.open.keys()) this.release(seq, nowMs);
  }

  /** Ends the delivery. Returns true when a later delivery of its key may go on. */
  end(seq: Seq, nowMs: TimeMs): boolean {
    this.leaveClaim(seq);
    this.cursor.settle(seq);
    const key = this.parked.delete(seq);
    if (key !== null) this.parked.promote(key, nowMs);
    return key !== null;
  }

  addAttempt(seq: Seq, attempt: Attempt): void {
    const reply = attempt.reply === null ? null : new Uint8Array(attempt.reply);
    this.attempts.add({ id: this.#nextRecordId(), seq, attempt: { ...attempt, reply } });
  }

  addDeadLetter(message: Message, reason: DeadReason, attemptsMade: number, nowMs: TimeMs, last: Attempt | null): void {
    const id = this.parked.get(message.seq)?.deadLetterId ?? this.#nextRecordId();
    const reply = last?.reply ?? null;
    this.deadLetters.put(id, {
      message,
      reason,
      attemptsMade,
      diedAtMs: nowMs,
      lastStatus: last?.status ?? null,
      lastErrorCode: last?.errorCode ?? null,
      lastReply: reply === null ? null : new Uint8Array(reply),
    });
  }

  /**
   * Called when the message is past its retention. A parked delivery becomes a dead letter, and a message that was
   * never claimed counts as expired. Returns whether the message was undelivered.
   */
  expire(message: Message, nowMs: TimeMs): boolean {
    const { seq } = message;
    const parked = this.parked.get(seq);
    if (parked === undefined) {
      if (this.cursor.isDone(seq) || !this.matches(message)) return false;
      this.expiredCount++;
      return true;
    }
    if (parked.deadLetterId !== null) return false;
    this.addDeadLetter(message, "expired", parked.attemptsMade, nowMs, this.attempts.of(seq).at(-1) ?? null);
    this.end(seq, nowMs);
    return true;
  }
}
