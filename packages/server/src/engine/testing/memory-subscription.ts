import { matches } from "../../domain/filter.ts";
import type { Attempt, DeadReason, DeliveryState, Message, Seq, Subscription, TimeMs } from "../../domain/model.ts";
import type { Claim, ClaimedDelivery, ClaimId, ClaimWant, PulledSettlement, Settlement } from "../../store/log.ts";
import type { DeadLetter, PullCounts } from "../../store/records.ts";
import type { MemoryClaims } from "./memory-claims.ts";
import type { MemoryTopic } from "./memory-topic.ts";

interface OpenDelivery {
  readonly claimId: ClaimId;
  readonly delivery: ClaimedDelivery;
}

interface ParkedDelivery extends ClaimedDelivery {
  /** null: held behind an earlier delivery of its key. */
  dueAtMs: TimeMs | null;
  /** The key whose successors it holds back. */
  orderingKey: string | null;
  /** It was redriven from this one. */
  readonly deadLetter: DeadLetter | null;
}

/** What the store keeps for one subscription: how far it is in the log, what is open, parked and dead. */
export class MemorySubscription {
  subscription: Subscription;
  readonly #topic: MemoryTopic;
  readonly #claims: MemoryClaims;
  readonly #nextDeadLetterId: () => string;
  /** Positions of the log that are over for this subscription: settled, parked, filtered or skipped. */
  readonly #passed = new Set<Seq>();
  skippedThrough: Seq;
  #scannedThrough: Seq;
  readonly delivered = new Set<Seq>();
  readonly #open = new Map<Seq, OpenDelivery>();
  readonly parked = new Map<Seq, ParkedDelivery>();
  readonly deadLetters = new Map<string, DeadLetter>();
  readonly redriven = new Set<DeadLetter>();
  readonly attempts: { readonly message: Message; readonly attempt: Attempt }[] = [];
  expired = 0;
  /** A claim was refused for the sake of order while a delivery was open. */
  #refusedForOrder = false;

  constructor(options: {
    readonly subscription: Subscription;
    readonly topic: MemoryTopic;
    readonly claims: MemoryClaims;
    readonly startAfter: Seq;
    readonly nextDeadLetterId: () => string;
  }) {
    this.subscription = options.subscription;
    this.#topic = options.topic;
    this.#claims = options.claims;
    this.skippedThrough = options.startAfter;
    this.#scannedThrough = options.startAfter;
    this.#nextDeadLetterId = options.nextDeadLetterId;
  }

  hasOpen(seq: Seq): boolean {
    return this.#open.has(seq);
  }

  get openCount(): number {
    return this.#open.size;
  }

  get hasUnread(): boolean {
    return this.#scannedThrough < this.#topic.lastSeq;
  }

  get backlog(): number {
    let count = 0;
    for (let seq = Math.max(this.skippedThrough + 1, this.#topic.firstSeq); seq <= this.#topic.lastSeq; seq++) {
      if (!this.#passed.has(seq) && !this.#open.has(seq)) count++;
    }
    return count;
  }

  hasWork(nowMs: TimeMs): boolean {
    if (this.subscription.state === "paused") return false;
    return this.hasUnread || this.parked.size > 0 || this.#expiredLeases(nowMs).length > 0;
  }

  claim(want: ClaimWant, nowMs: TimeMs, leaseUntilMs: TimeMs): Claim {
    for (const seq of this.#expiredLeases(nowMs)) this.#release(seq, nowMs);
    const id = this.#claims.nextId();
    const deliveries: ClaimedDelivery[] = [];
    const take = (delivery: ClaimedDelivery): void => {
      const { message, attemptsMade, retriesMade, firstAttemptAtMs } = delivery;
      const taken = { message, attemptsMade, retriesMade, firstAttemptAtMs };
      deliveries.push(taken);
      this.#open.set(message.seq, { claimId: id, delivery: taken });
      this.#claims.open(id, leaseUntilMs);
    };
    const bytes = this.#takeParked(want, nowMs, take);
    if (want.fromLog) this.#takeFromLog(want, deliveries.length, bytes, nowMs, take);
    const dueTimes = this.#parkedTimes();
    const [firstLeaseEnd] = deliveries.length > 0 ? [] : this.#leaseEnds();
    if (firstLeaseEnd !== undefined) dueTimes.push(firstLeaseEnd);
    return {
      id,
      subscriptionId: this.subscription.id,
      deliveries,
      more: this.#hasDue(nowMs) || (this.hasUnread && !this.#isHeldAltogether()),
      nextDueAtMs: dueTimes.length === 0 ? null : Math.min(...dueTimes),
      parkedCount: this.parked.size,
    };
  }

  /** False: void, its claim no longer holds the delivery. `ready` is called when something can be claimed again. */
  settle({ claimId, delivery, attempt, settled }: Settlement, nowMs: TimeMs, ready: () => void): boolean {
    const { message } = delivery;
    const open = this.#open.get(message.seq);
    if (open?.claimId !== claimId) return false;
    const before = open.delivery;
    const attemptsMade = before.attemptsMade + (attempt === null ? 0 : 1);
    if (attempt !== null) this.attempts.push({ message, attempt });
    switch (settled.kind) {
      case "released":
        this.#release(message.seq, nowMs);
        ready();
        break;
      case "parked":
      case "held":
        this.#park(
          {
            message,
            attemptsMade,
            retriesMade: settled.kind === "parked" ? settled.retriesMade : before.retriesMade,
            firstAttemptAtMs: before.firstAttemptAtMs ?? attempt?.startedAtMs ?? handedOutAtMs(settled),
          },
          settled.kind === "parked" ? settled.dueAtMs : null,
          nowMs,
          ready,
        );
        break;
      case "dead":
        this.#bury(message, settled.reason, attemptsMade, attempt, nowMs);
        if (this.#end(message.seq, nowMs)) ready();
        break;
      case "delivered":
        this.delivered.add(message.seq);
        if (this.#end(message.seq, nowMs)) ready();
        break;
    }
    if (this.#open.size === 0 && this.#refusedForOrder) {
      this.#refusedForOrder = false;
      ready();
    }
    return true;
  }

  /** False: it is not as it was when it was handed out. `ready` is called when something can be claimed again. */
  answer({ pulled, answer }: PulledSettlement, nowMs: TimeMs, ready: () => void): boolean {
    const { seq } = pulled;
    const parked = this.parked.get(seq);
    if (parked === undefined || this.#open.has(seq)) return false;
    if (parked.dueAtMs === null || parked.dueAtMs <= nowMs) return false;
    if (parked.retriesMade !== pulled.retriesMade || parked.firstAttemptAtMs !== pulled.firstAttemptAtMs) return false;
    if (answer.kind === "due") {
      parked.dueAtMs = answer.dueAtMs;
      ready();
      return true;
    }
    this.attempts.push({ message: parked.message, attempt: answer.attempt });
    this.delivered.add(seq);
    if (parked.deadLetter !== null) this.redriven.delete(parked.deadLetter);
    if (this.#end(seq, nowMs)) ready();
    return true;
  }

  /** Everything from this position on is as if nobody had ever looked at it. */
  rewind(from: Seq): void {
    for (const seq of [...this.#open.keys()].filter((open) => open >= from)) this.#letGo(seq);
    for (const [seq, { deadLetter }] of this.parked) {
      if (seq < from) continue;
      if (deadLetter !== null) this.redriven.delete(deadLetter);
      this.parked.delete(seq);
    }
    for (const seq of this.#passed) if (seq >= from) this.#passed.delete(seq);
    for (const seq of this.delivered) if (seq >= from) this.delivered.delete(seq);
    this.skippedThrough = Math.min(this.skippedThrough, from - 1);
    this.#scannedThrough = Math.min(this.#scannedThrough, from - 1);
  }

  pullCounts(nowMs: TimeMs, rewindableFromMs: TimeMs): PullCounts {
    const counts = { visible: 0, invisible: this.#open.size, delayed: 0 };
    const unsettled: Message[] = [...this.#open.values()].map(({ delivery }) => delivery.message);
    let rewindable = 0;
    for (const message of this.#topic.messages.values()) {
      if (this.#open.has(message.seq) || this.parked.has(message.seq)) continue;
      if (this.#isOver(message.seq)) {
        if (message.publishedAtMs >= rewindableFromMs) rewindable++;
        continue;
      }
      unsettled.push(message);
      counts[message.deliverAtMs !== null && message.deliverAtMs > nowMs ? "delayed" : "visible"]++;
    }
    for (const { message, dueAtMs, firstAttemptAtMs } of this.parked.values()) {
      if (this.#open.has(message.seq)) continue;
      unsettled.push(message);
      if (dueAtMs === null || dueAtMs <= nowMs) counts.visible++;
      else counts[firstAttemptAtMs === null ? "delayed" : "invisible"]++;
    }
    const oldestAtMs = unsettled.length === 0 ? null : Math.min(...unsettled.map((message) => message.publishedAtMs));
    return { ...counts, oldestAtMs, rewindable };
  }

  /** Redriven: due now, its retry policy from the beginning. */
  redrive(letter: DeadLetter, nowMs: TimeMs): void {
    const { message, attemptsMade } = letter;
    this.deadLetters.delete(letter.id);
    // There is another delivery of it, which stands for this one.
    if (this.parked.has(message.seq) || !this.#isOver(message.seq)) return;
    this.redriven.add(letter);
    this.parked.set(message.seq, {
      message,
      attemptsMade,
      retriesMade: 0,
      firstAttemptAtMs: null,
      dueAtMs: nowMs,
      orderingKey: null,
      deadLetter: letter,
    });
  }

  /** What was held or held others back under another order goes on at once. */
  releaseHeld(nowMs: TimeMs): void {
    for (const parked of this.parked.values()) {
      parked.orderingKey = null;
      parked.dueAtMs ??= nowMs;
    }
  }

  expire(message: Message, nowMs: TimeMs): void {
    const parked = this.parked.get(message.seq);
    if (parked !== undefined && parked.deadLetter === null) {
      this.#bury(message, "expired", parked.attemptsMade, null, nowMs);
      this.#end(message.seq, nowMs);
      this.expired++;
    } else if (parked === undefined && !this.#isOver(message.seq)) {
      this.#pass(message.seq);
      if (this.#fits(message)) this.expired++;
    }
  }

  stateOf(message: Message): DeliveryState {
    if (this.#open.has(message.seq)) return "in_flight";
    if (this.parked.has(message.seq)) return "parked";
    if (!this.#isOver(message.seq)) return this.#fits(message) ? "pending" : "filtered";
    if ([...this.deadLetters.values()].some((letter) => letter.message.seq === message.seq)) return "dead";
    const last = this.attempts.findLast((record) => record.message.seq === message.seq);
    if (last?.attempt.verdict === "accepted") return "delivered";
    return this.#fits(message) ? "skipped" : "filtered";
  }

  #takeParked(want: ClaimWant, nowMs: TimeMs, take: (delivery: ClaimedDelivery) => void): number {
    const { order } = this.subscription.settings;
    if (order === "strict" && this.#open.size > 0) {
      this.#refusedForOrder = true;
      return 0;
    }
    const due = [...this.parked.values()].filter((parked) => this.#isDue(parked, nowMs));
    due.sort((one, other) => Number(one.dueAtMs) - Number(other.dueAtMs) || one.message.seq - other.message.seq);
    let bytes = 0;
    for (const parked of due.slice(0, order === "strict" ? 1 : want.deliveriesMax)) {
      if (bytes >= want.bytesMax) break;
      take(parked);
      bytes += parked.message.body.byteLength;
    }
    return bytes;
  }

  #takeFromLog(
    want: ClaimWant,
    taken: number,
    bytesTaken: number,
    nowMs: TimeMs,
    take: (delivery: ClaimedDelivery) => void,
  ): void {
    if (this.#isHeldAltogether()) {
      if (this.#open.size > 0) this.#refusedForOrder = true;
      return;
    }
    let count = taken;
    let bytes = bytesTaken;
    while (this.hasUnread && count < want.deliveriesMax && bytes < want.bytesMax) {
      const seq = ++this.#scannedThrough;
      const message = this.#topic.messages.get(seq);
      if (message === undefined || this.#isOver(seq) || this.#open.has(seq)) continue;
      const delivery = { message, attemptsMade: 0, retriesMade: 0, firstAttemptAtMs: null };
      const key = this.#orderingKeyOf(message);
      if (!this.#fits(message)) {
        this.#pass(seq);
      } else if (message.deliverAtMs !== null && message.deliverAtMs > nowMs) {
        this.#pass(seq);
        this.parked.set(seq, { ...delivery, dueAtMs: message.deliverAtMs, orderingKey: null, deadLetter: null });
      } else if (key !== null && this.#isBlocked(key)) {
        this.#pass(seq);
        this.parked.set(seq, { ...delivery, dueAtMs: null, orderingKey: key, deadLetter: null });
        this.#promote(key, nowMs);
      } else {
        take(delivery);
        count++;
        bytes += message.body.byteLength;
      }
    }
  }

  #park(delivery: ClaimedDelivery, dueAtMs: TimeMs | null, nowMs: TimeMs, ready: () => void): void {
    const { seq } = delivery.message;
    const orderingKey = this.#orderingKeyOf(delivery.message);
    const deadLetter = this.parked.get(seq)?.deadLetter ?? null;
    this.#pass(seq);
    this.#letGo(seq);
    // Without a key nothing holds it any more: the order was changed.
    this.parked.set(seq, {
      ...delivery,
      dueAtMs: orderingKey === null ? (dueAtMs ?? nowMs) : dueAtMs,
      orderingKey,
      deadLetter,
    });
    if (orderingKey !== null) this.#promote(orderingKey, nowMs);
    if (dueAtMs === null) ready();
  }

  /** Of a key's parked deliveries the earliest always has a time, or nothing would ever free the others. */
  #promote(key: string, nowMs: TimeMs): void {
    const first = this.#firstOfKey(key);
    if (first !== null) first.dueAtMs ??= nowMs;
  }

  /** The delivery is over. True: that frees a successor. */
  #end(seq: Seq, nowMs: TimeMs): boolean {
    const parked = this.parked.get(seq);
    this.#pass(seq);
    this.#letGo(seq);
    this.parked.delete(seq);
    if (parked === undefined || parked.orderingKey === null) return false;
    this.#promote(parked.orderingKey, nowMs);
    return true;
  }

  #bury(message: Message, reason: DeadReason, attemptsMade: number, attempt: Attempt | null, nowMs: TimeMs): void {
    const redriven = this.parked.get(message.seq)?.deadLetter ?? null;
    if (redriven !== null) this.redriven.delete(redriven);
    const id = redriven?.id ?? this.#nextDeadLetterId();
    this.deadLetters.set(id, {
      id,
      message,
      reason,
      attemptsMade,
      diedAtMs: nowMs,
      lastStatus: attempt?.status ?? null,
      lastErrorCode: attempt?.errorCode ?? null,
      lastReply: attempt?.reply ?? null,
    });
  }

  #release(seq: Seq, nowMs: TimeMs): void {
    this.#letGo(seq);
    const parked = this.parked.get(seq);
    if (parked === undefined) this.#scannedThrough = Math.min(this.#scannedThrough, seq - 1);
    else parked.dueAtMs = nowMs;
  }

  #letGo(seq: Seq): void {
    const open = this.#open.get(seq);
    if (open === undefined) return;
    this.#open.delete(seq);
    this.#claims.left(open.claimId);
  }

  #pass(seq: Seq): void {
    this.#passed.add(seq);
  }

  #isOver(seq: Seq): boolean {
    return seq <= this.skippedThrough || this.#passed.has(seq);
  }

  #fits(message: Message): boolean {
    return matches(this.subscription.settings.filter, message);
  }

  #orderingKeyOf(message: Message): string | null {
    const { order } = this.subscription.settings;
    if (order === "none") return null;
    return order === "strict" ? "" : message.orderingKey;
  }

  #isHeldAltogether(): boolean {
    return this.subscription.settings.order === "strict" && (this.#open.size > 0 || this.#isBlocked(""));
  }

  #isBlocked(key: string): boolean {
    return this.#firstOfKey(key) !== null;
  }

  /** The earliest parked delivery of a key. */
  #firstOfKey(key: string): ParkedDelivery | null {
    let first: ParkedDelivery | null = null;
    for (const parked of this.parked.values()) {
      if (parked.orderingKey !== key) continue;
      if (first === null || parked.message.seq < first.message.seq) first = parked;
    }
    return first;
  }

  #isDue({ dueAtMs, message }: ParkedDelivery, nowMs: TimeMs): boolean {
    return dueAtMs !== null && dueAtMs <= nowMs && !this.#open.has(message.seq);
  }

  #hasDue(nowMs: TimeMs): boolean {
    if (this.subscription.settings.order === "strict" && this.#open.size > 0) return false;
    return [...this.parked.values()].some((parked) => this.#isDue(parked, nowMs));
  }

  #parkedTimes(): TimeMs[] {
    const times: TimeMs[] = [];
    for (const { dueAtMs, message } of this.parked.values()) {
      if (dueAtMs !== null && !this.#open.has(message.seq)) times.push(dueAtMs);
    }
    return times;
  }

  #leaseEnds(): TimeMs[] {
    return [...this.#open.values()].map((open) => this.#claims.leaseUntilMs(open.claimId)).sort((a, b) => a - b);
  }

  #expiredLeases(nowMs: TimeMs): Seq[] {
    const seqs: Seq[] = [];
    for (const [seq, { claimId }] of this.#open) if (this.#claims.leaseUntilMs(claimId) <= nowMs) seqs.push(seq);
    return seqs;
  }
}

function handedOutAtMs(settled: Settlement["settled"]): TimeMs | null {
  return settled.kind === "parked" ? (settled.firstAttemptAtMs ?? null) : null;
}
