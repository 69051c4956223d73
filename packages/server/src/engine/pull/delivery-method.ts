import type { RingbackError } from "../../domain/errors.ts";
import type { Subscription, TimeMs } from "../../domain/model.ts";
import type { Claim } from "../../store/log.ts";
import type { PullRequest } from "./pull-request.ts";
import type { UnreadBytes } from "./unread-bytes.ts";

/** How much a claim may take. */
export interface ClaimSize {
  readonly deliveriesMax: number;
  /** False: the claim takes only parked deliveries that are due, and no new messages from the log. */
  readonly fromLog: boolean;
}

/** The queue that a claim is delivered for. */
export interface DeliveryTarget<T> {
  readonly subscription: Subscription;
  /** The requests in the order of their arrival. A request that ends leaves the queue. */
  readonly requests: Iterable<PullRequest<T>>;
  readonly unreadBytes: UnreadBytes;
}

export interface DeliveryResult {
  /** True: another claim may return messages now. */
  readonly more: boolean;
  /**
   * The time at which the first of the delivered messages becomes visible again; null: the store reports that time
   * itself.
   */
  readonly visibleAtMs: TimeMs | null;
}

/** A method to deliver claimed messages from the store to the requests of one queue. */
export interface DeliveryMethod<T> {
  /** Lease of each claim. */
  readonly leaseMs: number;
  /**
   * True: when messages exist but other clients read too slowly, one waiting request is refused. False: it continues to
   * wait.
   */
  readonly refusesWaiting: boolean;
  /** The error for a request that got no message; null: such a request gets an empty result. */
  readonly refusal: RingbackError | null;
  /** True if an acknowledgement may make further messages available. */
  waitsForAcknowledgements(subscription: Subscription): boolean;
  /** Called before the first claim. */
  begin(subscription: Subscription): Promise<void>;
  /** Throws if the settings of the subscription do not allow this delivery method. */
  assertFits(subscription: Subscription): void;
  claimSize(subscription: Subscription, messagesWanted: number): ClaimSize;
  /** Answers requests of the queue with the messages of the claim. Settles the deliveries that no request gets. */
  deliver(claim: Claim, size: ClaimSize, queue: DeliveryTarget<T>): Promise<DeliveryResult>;
}
