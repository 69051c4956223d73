import type { Order, Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { ClaimId } from "../log.ts";

/**
 * The state of a delivery in a naive model of the contract. The model does not predict exactly what a claim returns. It
 * knows which deliveries a claim can return, and which ones a claim must return.
 */
export type Fate =
  /** The delivery is in no claim. If it is delayed or waits for its key, the driver may have parked it already. */
  | { readonly kind: "pending" }
  /** `dueAtMs` null: the delivery waits for an earlier delivery of its ordering key. */
  | { readonly kind: "parked"; readonly dueAtMs: TimeMs | null }
  | { readonly kind: "open"; readonly claimId: ClaimId; leaseUntilMs: TimeMs; readonly before: Waiting }
  | { readonly kind: "delivered" | "dead" | "expired" | "purged" };
export type Waiting = Extract<Fate, { kind: "pending" | "parked" }>;

export interface ModelMessage {
  readonly seq: Seq;
  readonly text: string;
  readonly key: string | null;
  readonly tag: string | null;
  readonly publishedAtMs: TimeMs;
  readonly deliverAtMs: TimeMs | null;
}

export interface ModelDelivery {
  readonly message: ModelMessage;
  fate: Fate;
  attempts: number;
  retries: number;
  firstAttemptAtMs: TimeMs | null;
  /** The ordering key whose later deliveries must wait for this one; null: none wait. */
  blocks: string | null;
  /** A redriven dead letter, which has a copy of the message. */
  redriven: boolean;
  /** True: the delivery was settled before, or the order has changed, so its original position in the order is lost. */
  loose: boolean;
}

export class ModelSubscription {
  readonly id: SubscriptionId;
  readonly name: string;
  readonly tag: string | null;
  order: Order;
  paused = false;
  expired = 0;
  readonly deliveries = new Map<Seq, ModelDelivery>();
  /** Dead letters of messages that a rewind delivers again. */
  oldLetters: Seq[] = [];

  constructor(id: SubscriptionId, name: string, order: Order, tag: string | null) {
    this.id = id;
    this.name = name;
    this.order = order;
    this.tag = tag;
  }

  add(message: ModelMessage): void {
    if (this.tag !== null && message.tag !== this.tag) return;
    this.deliveries.set(message.seq, {
      message,
      fate: { kind: "pending" },
      attempts: 0,
      retries: 0,
      firstAttemptAtMs: null,
      blocks: null,
      redriven: false,
      loose: false,
    });
  }

  all(...kinds: readonly Fate["kind"][]): readonly ModelDelivery[] {
    return [...this.deliveries.values()].filter((delivery) => kinds.includes(delivery.fate.kind));
  }

  get unsettled(): readonly ModelDelivery[] {
    return [...this.deliveries.values()].filter((delivery) => !isOver(delivery));
  }

  /** Deliveries whose lease has not expired. */
  leased(nowMs: TimeMs): readonly ModelDelivery[] {
    return this.all("open").filter((delivery) => isLeased(delivery, nowMs));
  }

  keyOf({ message }: ModelDelivery): string | null {
    if (this.order === "none") return null;
    return this.order === "strict" ? "" : message.key;
  }

  /** The reason why a claim must not return this delivery now; null: a claim can return it. */
  objection(delivery: ModelDelivery, nowMs: TimeMs): string | null {
    const { fate } = delivery;
    const waiting = fate.kind === "open" && fate.leaseUntilMs <= nowMs ? fate.before : fate;
    if (waiting.kind !== "pending" && waiting.kind !== "parked") return `it is ${fate.kind}`;
    if (!isDue(delivery, waiting, nowMs)) return "it is not due";
    if (this.order === "strict" && this.leased(nowMs).length > 0) return "another one is open, and the order is strict";
    const key = this.keyOf(delivery);
    if (key === null) return null;
    const { seq } = delivery.message;
    for (const other of this.deliveries.values()) {
      if (other.message.seq >= seq) continue;
      if (other.blocks === key) return `${other.message.seq} is parked and holds its key`;
      const inOrder = !isOutOfOrder(other) && !isOutOfOrder(delivery) && this.keyOf(other) === key;
      if (inOrder && isUnread(other, nowMs)) return `${other.message.seq} comes before it`;
    }
    return null;
  }

  /** The deliveries that a claim without limits must return: those that are due and not blocked by another delivery. */
  mustReturn(nowMs: TimeMs): readonly ModelDelivery[] {
    if (this.paused) return [];
    return [...this.deliveries.values()].filter((delivery) => {
      if (this.objection(delivery, nowMs) !== null) return false;
      const key = this.keyOf(delivery);
      return key === null || !this.unsettled.some((other) => other !== delivery && this.keyOf(other) === key);
    });
  }

  changeOrder(order: Order, nowMs: TimeMs): void {
    if (order === this.order) return;
    this.order = order;
    for (const delivery of this.deliveries.values()) {
      delivery.loose = true;
      delivery.blocks = null;
      const due: Waiting = { kind: "parked", dueAtMs: nowMs };
      const { fate } = delivery;
      if (fate.kind === "parked" && fate.dueAtMs === null) delivery.fate = due;
      else if (fate.kind === "open" && fate.before.kind === "parked" && fate.before.dueAtMs === null) {
        delivery.fate = { ...fate, before: due };
      }
    }
  }

  /**
   * Records a parked delivery. A caller that keeps the order parks a delivery only after its predecessors are settled
   * or parked. Otherwise the deliveries of this key, and only these, lose their order.
   */
  noteParked(parked: ModelDelivery): void {
    const ofKey = [...this.deliveries.values()].filter((other) => this.keyOf(other) === this.keyOf(parked));
    const isEarly = ofKey.some(
      (other) => other.message.seq < parked.message.seq && !isOver(other) && other.fate.kind !== "parked",
    );
    if (isEarly) for (const other of ofKey) other.loose = true;
  }

  /** Makes every kept message from `from` on pending, including messages before the subscription's start. */
  rewind(from: Seq, kept: readonly ModelMessage[]): void {
    for (const message of kept) {
      if (message.seq < from) continue;
      if (this.deliveries.get(message.seq)?.fate.kind === "dead") this.oldLetters.push(message.seq);
      this.add(message);
    }
  }

  forgetOldLetter(seq: Seq): boolean {
    const index = this.oldLetters.indexOf(seq);
    if (index >= 0) this.oldLetters.splice(index, 1);
    return index >= 0;
  }

  /** Ends all claims. */
  crash(): void {
    for (const delivery of this.deliveries.values()) {
      if (delivery.fate.kind === "open") delivery.fate = delivery.fate.before;
    }
  }
}

export function isOver({ fate }: ModelDelivery): boolean {
  return fate.kind !== "pending" && fate.kind !== "parked" && fate.kind !== "open";
}

export function isLeased({ fate }: ModelDelivery, nowMs: TimeMs): boolean {
  return fate.kind === "open" && fate.leaseUntilMs > nowMs;
}

/** Whether the delivery may still have to be read from the log. */
function isUnread({ fate }: ModelDelivery, nowMs: TimeMs): boolean {
  if (fate.kind === "open") return fate.leaseUntilMs <= nowMs && fate.before.kind === "pending";
  return fate.kind === "pending";
}

/**
 * Whether the time when the delivery becomes due determines its position in the order. Otherwise, the position in the
 * log does.
 */
function isOutOfOrder({ message, redriven, loose }: ModelDelivery): boolean {
  return message.deliverAtMs !== null || redriven || loose;
}

function isDue({ message }: ModelDelivery, waiting: Waiting, nowMs: TimeMs): boolean {
  if (waiting.kind === "parked") return waiting.dueAtMs === null || waiting.dueAtMs <= nowMs;
  return message.deliverAtMs === null || message.deliverAtMs <= nowMs;
}
