import type { Order, PullSettings, TimeMs } from "../../domain/model.ts";
import type { ClaimedDelivery } from "../../store/log.ts";
import type { PullRequest } from "./pull-request.ts";

export interface Allocation<T> {
  readonly request: PullRequest<T>;
  readonly deliveries: ClaimedDelivery[];
}

/** The result of distributing the deliveries of a claim to requests, and the deliveries that no request gets. */
export interface Allocations<T> {
  readonly allocations: readonly Allocation<T>[];
  /** Deliveries that were received too often, or for the first time too long ago. */
  readonly ended: readonly ClaimedDelivery[];
  /** Deliveries that must wait for an earlier delivery of the same ordering key, which a request gets now. */
  readonly held: readonly ClaimedDelivery[];
  /** Deliveries for which no request is left. */
  readonly left: readonly ClaimedDelivery[];
}

export interface AllocationRule {
  readonly order: Order;
  readonly isEnded: (delivery: ClaimedDelivery) => boolean;
}

/**
 * Requests are served in the order of their arrival. Each gets as many deliveries as it wants before the next request
 * gets any.
 */
export function allocate<T>(
  deliveries: readonly ClaimedDelivery[],
  requests: Iterable<PullRequest<T>>,
  rule: AllocationRule,
): Allocations<T> {
  const queue = requests[Symbol.iterator]();
  const allocations: Allocation<T>[] = [];
  const ended: ClaimedDelivery[] = [];
  const held: ClaimedDelivery[] = [];
  const left: ClaimedDelivery[] = [];
  const allocatedKeys = new Set<string>();
  let last: Allocation<T> | null = null;
  for (const delivery of deliveries) {
    const { orderingKey } = delivery.message;
    if (rule.isEnded(delivery)) {
      ended.push(delivery);
      continue;
    }
    if (rule.order === "key" && orderingKey !== null && allocatedKeys.has(orderingKey)) {
      held.push(delivery);
      continue;
    }
    if (last === null || last.deliveries.length >= last.request.messagesMax) {
      const next = queue.next();
      last = next.done === true ? null : { request: next.value, deliveries: [] };
      if (last !== null) allocations.push(last);
    }
    if (last === null) {
      left.push(delivery);
      continue;
    }
    last.deliveries.push(delivery);
    if (orderingKey !== null) allocatedKeys.add(orderingKey);
  }
  return { allocations, ended, held, left };
}

/** Returns true if the message has been received as often as the subscription allows. */
export function isReceivesEnded({ receivesMax }: PullSettings, { retriesMade }: ClaimedDelivery): boolean {
  return receivesMax !== null && retriesMade >= receivesMax;
}

/** Returns true if the first receive of the message was at least `ttlMs` ago. */
export function isTimeEnded(ttlMs: number | null, { firstAttemptAtMs }: ClaimedDelivery, nowMs: TimeMs): boolean {
  return ttlMs !== null && firstAttemptAtMs !== null && nowMs - firstAttemptAtMs >= ttlMs;
}
