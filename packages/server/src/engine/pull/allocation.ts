import type { Order, PullSettings, TimeMs } from "../../domain/model.ts";
import type { ClaimedDelivery } from "../../store/log.ts";
import type { PullRequest } from "./pull-request.ts";

export interface Allocation {
  readonly request: PullRequest;
  readonly deliveries: ClaimedDelivery[];
}

/** Who gets what of a claim. */
export interface Allocations {
  readonly allocations: readonly Allocation[];
  /** Handed out often enough, or for the first time long enough ago. */
  readonly ended: readonly ClaimedDelivery[];
  /** Behind another one of their ordering key, which is being handed out. */
  readonly held: readonly ClaimedDelivery[];
  /** Nobody is there any more who wants them. */
  readonly left: readonly ClaimedDelivery[];
}

export interface AllocationRule {
  readonly order: Order;
  readonly isEnded: (delivery: ClaimedDelivery) => boolean;
}

/** First asked, first served; each gets as much as it wants before the next gets anything. */
export function allocate(
  deliveries: readonly ClaimedDelivery[],
  requests: Iterable<PullRequest>,
  rule: AllocationRule,
): Allocations {
  const line = requests[Symbol.iterator]();
  const allocations: Allocation[] = [];
  const ended: ClaimedDelivery[] = [];
  const held: ClaimedDelivery[] = [];
  const left: ClaimedDelivery[] = [];
  const keysOut = new Set<string>();
  let last: Allocation | null = null;
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
    if (last === null || last.deliveries.length >= last.request.messagesMax) {
      const next = line.next();
      last = next.done === true ? null : { request: next.value, deliveries: [] };
      if (last !== null) allocations.push(last);
    }
    if (last === null) {
      left.push(delivery);
      continue;
    }
    last.deliveries.push(delivery);
    if (orderingKey !== null) keysOut.add(orderingKey);
  }
  return { allocations, ended, held, left };
}

/** Whether a message that nobody has acknowledged is handed out no more. */
export function isReceivesEnded({ receivesMax }: PullSettings, { retriesMade }: ClaimedDelivery): boolean {
  return receivesMax !== null && retriesMade >= receivesMax;
}

export function isTimeEnded(ttlMs: number | null, { firstAttemptAtMs }: ClaimedDelivery, nowMs: TimeMs): boolean {
  return ttlMs !== null && firstAttemptAtMs !== null && nowMs - firstAttemptAtMs >= ttlMs;
}
