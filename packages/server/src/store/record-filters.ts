import type {
  AttemptVerdict,
  DeadReason,
  DeliveryState,
  SubscriptionHealth,
  SubscriptionId,
  SubscriptionState,
  TimeMs,
  TopicId,
} from "../domain/model.ts";
import type { Label } from "./label.ts";

/** Filters of lists. A record matches a filter if it meets every condition that is given. */

/** `fromMs` is included, `toMs` is not. */
export interface TimeRange {
  readonly fromMs?: TimeMs;
  readonly toMs?: TimeMs;
}

/** Both ends are included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** The times are those at which attempts started. */
export interface AttemptFilter extends TimeRange {
  /** `failed`: attempts that were not accepted. */
  readonly only?: "all" | "failed";
  readonly verdict?: AttemptVerdict;
  readonly status?: StatusRange;
  readonly errorCode?: string;
}

/** The times are those of death. */
export interface DeadLetterFilter extends TimeRange {
  readonly reason?: DeadReason;
  /** The HTTP status of the last attempt. */
  readonly status?: StatusRange;
}

export interface AccountDeadLetterFilter extends DeadLetterFilter {
  /** Only those of these topics. Cost grows with the number of topics. */
  readonly topicIds?: readonly TopicId[];
}

/** The times are those of publishing. */
export interface MessageFilter extends TimeRange {
  /** A pattern as in the filter of a subscription. */
  readonly type?: string;
  readonly tag?: string;
  readonly attribute?: Label;
  /** A subscription of the topic. The items then have the states of their deliveries to it. */
  readonly subscriptionId?: SubscriptionId;
  /** Only with `subscriptionId`. `dead`: only messages whose dead letter still exists. */
  readonly state?: DeliveryState;
}

/** The names are patterns, in which `*` stands for any characters. */
export interface SubscriptionFilter {
  /** The topic's name matches at least one of these. Topics that match none are not examined. */
  readonly topics?: readonly string[];
  readonly topic?: string;
  readonly name?: string;
  readonly state?: SubscriptionState;
  /** `unhealthy`: any state but `healthy`. */
  readonly health?: "healthy" | "unhealthy" | SubscriptionHealth["state"];
  readonly label?: Label;
  readonly lagging?: LagLimits;
}

/** A subscription lags if more messages than this wait in its log, or if one of them was published before this time. */
export interface LagLimits {
  readonly messages: number;
  readonly publishedBeforeMs: TimeMs;
}
