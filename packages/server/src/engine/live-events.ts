import type { HookErrorCode } from "@ringback/sdk/hooks";
import type {
  AccountId,
  AttemptVerdict,
  DeadReason,
  Disablement,
  MessageId,
  SubscriptionHealth,
  TimeMs,
} from "../domain/model.ts";
import type { TransportErrorCode } from "../transport/port.ts";

/** The members of live events that are times, as Unix milliseconds. */
const times: ReadonlySet<string> = new Set([
  "at",
  "nextAttemptAt",
  "failingSince",
  "openedAt",
  "oldestAt",
  "expiresAt",
]);

/** Converts a member of an event to the form that readers of the event get: times are text. */
export function shownMember(name: string, value: unknown): unknown {
  return times.has(name) && typeof value === "number" ? new Date(value).toISOString() : value;
}

interface OfAccount {
  /** Only readers of this account see the event. */
  readonly accountId: AccountId;
  readonly at: TimeMs;
}

interface OfTopic extends OfAccount {
  readonly topic: string;
}

interface OfSubscription extends OfTopic {
  readonly subscription: string;
}

/** Since when an endpoint fails, and the last failure. */
interface EndpointFailure {
  readonly failingSince: TimeMs;
  readonly status: number | null;
  readonly errorCode: string | null;
  readonly errorDetail: string | null;
}

interface BreakerScope {
  readonly scope: SubscriptionHealth["scope"];
}

/** An event that `GET /v1/events` and `ringback tail` show when it happens. */
export type LiveEvent =
  | (OfTopic & { readonly type: "message.published"; readonly ids: readonly MessageId[] })
  | (OfSubscription & {
      readonly type: "delivery.attempted";
      readonly messageId: MessageId;
      readonly attempt: number;
      readonly verdict: AttemptVerdict;
      readonly status: number | null;
      readonly errorCode: string | null;
      readonly errorDetail: string | null;
      readonly durationMs: number;
      /** Unix ms of the next attempt; null when there is none. */
      readonly nextAttemptAt: TimeMs | null;
    })
  | (OfSubscription & {
      readonly type: "delivery.dead";
      readonly messageId: MessageId;
      readonly reason: DeadReason;
      /** The code and the detail of the last attempt. */
      readonly errorCode: string | null;
      readonly errorDetail: string | null;
    })
  | (OfSubscription & {
      readonly type: "delivery.expired";
      readonly count: number;
    })
  | (OfAccount & {
      readonly type: "hook.called";
      readonly hook: string;
      readonly action: "continue" | "reject";
      readonly httpStatus: number | null;
      readonly error: HookErrorCode | null;
      readonly errorDetail: string | null;
      /** The first transport error of the call. Only operators see its code and detail, not the caller of the hook. */
      readonly transportError: TransportErrorCode | null;
      readonly transportErrorDetail: string | null;
      readonly durationMs: number;
    })
  /** A request was refused, because it comes from a loop of pushes or hook calls. */
  | (OfAccount & { readonly type: "loop.detected" } & ({ readonly topic: string } | { readonly hook: string }))
  | (OfTopic & { readonly type: "topic.changed" | "topic.deleted" })
  | (OfSubscription & {
      readonly type: "subscription.changed" | "subscription.paused" | "subscription.resumed" | "subscription.deleted";
    })
  /** Several attempts in a row have failed. */
  | (OfSubscription & EndpointFailure & { readonly type: "subscription.failing" })
  | (OfSubscription & {
      readonly type: "subscription.recovered";
      readonly failingSince: TimeMs;
    })
  | (OfSubscription & EndpointFailure & BreakerScope & { readonly type: "breaker.opened" })
  | (OfSubscription &
      BreakerScope & {
        readonly type: "breaker.closed";
        readonly openedAt: TimeMs;
      })
  | (OfSubscription & {
      readonly type: "backlog.growing";
      /** The limit that was exceeded; `retention`: the oldest message will expire soon. */
      readonly limit: "messages" | "age" | "retention";
      readonly count: number;
      readonly oldestAt: TimeMs;
      readonly expiresAt: TimeMs;
    })
  | (OfSubscription & {
      readonly type: "replay.started";
      readonly replayId: string;
      readonly target: string;
      /** How many messages the replay sends; an upper bound if there are many. */
      readonly matched: number;
    })
  | (OfSubscription & {
      readonly type: "replay.ended";
      readonly replayId: string;
      readonly target: string;
      readonly state: "done" | "cancelled" | "failed";
      readonly sent: number;
    })
  | (OfSubscription & {
      readonly type: "subscription.disabled";
      readonly reason: Disablement["reason"];
      /** The attempt that disabled the subscription. */
      readonly messageId: MessageId;
      readonly attempt: number;
    });
