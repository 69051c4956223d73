import type { Order, PullSettings, TimeMs } from "../../domain/model.ts";
import type { ClaimedDelivery } from "../../store/port.ts";
import type { Ask } from "./pull-request.ts";

export interface Share {
  readonly ask: Ask;
  readonly deliveries: ClaimedDelivery[];
}

/** Who gets what of a claim. */
export interface Shares {
  readonly shares: readonly Share[];
  /** Handed out often enough, or for the first time long enough ago. */
  readonly ended: readonly ClaimedDelivery[];
  /** Behind another one of their ordering key, which is being handed out. */
  readonly held: readonly ClaimedDelivery[];
  /** Nobody is there any more who wants them. */
  readonly left: readonly ClaimedDelivery[];
}

export interface SharingRule {
  readonly order: Order;
  readonly isEnded: (delivery: ClaimedDelivery) => boolean;
}

/** First asked, first served; each gets as much as it wants before the next gets anything. */
export function shareOut(deliveries: readonly ClaimedDelivery[], asks: Iterable<Ask>, rule: SharingRule): Shares {
  const line = asks[Symbol.iterator]();
  const shares: Share[] = [];
  const ended: ClaimedDelivery[] = [];
  const held: ClaimedDelivery[] = [];
  const left: ClaimedDelivery[] = [];
  const keysOut = new Set<string>();
  let last: Share | null = null;
  for (const delivery of deliveries) {
    const { orderingKey } = delivery.message;
    if (rule.isEnded(delivery)) {
      ended.push(delivery);
      continue;
    }
    if (rule.order === "key" && orderingKey !== null && keysOut.has(orderingKey)) {
      held.push(delivery);
      continue;
    }
    if (last === null || last.deliveries.length >= last.ask.messagesMax) {
      const next = line.next();
      last = next.done === true ? null : { ask: next.value, deliveries: [] };
      if (last !== null) shares.push(last);
    }
    if (last === null) {
      left.push(delivery);
      continue;
    }
    last.deliveries.push(delivery);
    if (orderingKey !== null) keysOut.add(orderingKey);
  }
  return { shares, ended, held, left };
}

/** Whether a message that nobody has acknowledged is handed out no more. */
export function isReceivesEnded({ receivesMax }: PullSettings, { retriesMade }: ClaimedDelivery): boolean {
  return receivesMax !== null && retriesMade >= receivesMax;
}

export function isTimeEnded(ttlMs: number | null, { firstAttemptAtMs }: ClaimedDelivery, nowMs: TimeMs): boolean {
  return ttlMs !== null && firstAttemptAtMs !== null && nowMs - firstAttemptAtMs >= ttlMs;
}
