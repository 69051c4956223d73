import { Type } from "typebox";
import { limits } from "../domain/limits.ts";
import type { SubscriptionHealth } from "../domain/model.ts";
import { whileFailing } from "../domain/subscription-rules.ts";
import { about, describedShape, namedShape, nullable, timeSchema, whole } from "./schema-parts.ts";
import { optional } from "./settings.ts";
import type { SenderState } from "../engine/push/sender-state.ts";
import { optionalTimeText, timeText } from "./time-text.ts";

/** Settings of a subscription for the time in which its endpoint fails. */
export const failureSettings = {
  breaker: about(
    "Stops sending to an endpoint that fails. Opens after `failures` failed attempts in a row, over at least " +
      `${limits.breakerFailingMsMin / 1000} seconds and at least ${limits.breakerMessagesMin} messages. Then messages wait in the log, and one ` +
      "attempt after `probeMs` probes the endpoint; further probes come at growing intervals. The first success closes " +
      "the breaker. Probes use up no retries. null: no breaker. Refused beside `pull`.",
    optional(
      nullable(
        namedShape("BreakerSettings", {
          failures: optional(whole(1, limits.breakerFailuresMax), limits.breakerFailuresDefault),
          probeMs: optional(whole(limits.breakerProbeMsMin, limits.breakerProbeMsMax), limits.breakerProbeMsDefault),
        }),
      ),
      whileFailing.breaker,
    ),
  ),
  disableAfterMs: about(
    "The subscription is disabled when all attempts have failed for this many milliseconds, five days by default; null: " +
      `never. At least ${limits.disableAttemptsMin} attempts must have failed, and a pause of more than an hour between two attempts counts as one hour. ` +
      "Refused beside `pull`.",
    optional(nullable(whole(limits.disableAfterMsMin, limits.disableAfterMsMax)), limits.disableAfterMsDefault),
  ),
  backlog: about(
    "An event `backlog.growing` reports a backlog above these limits, once until it has fallen below half of them, and " +
      "always when its oldest message has used three quarters of the topic's retention. Nothing is dropped.",
    optional(
      namedShape("BacklogLimitsSettings", {
        messagesMax: about(
          "Messages that wait; null: no limit.",
          optional(nullable(whole(1, Number.MAX_SAFE_INTEGER)), limits.backlogDefault.messagesMax),
        ),
        ageMsMax: about(
          "The age of the oldest message in milliseconds; null: no limit.",
          optional(nullable(whole(limits.backlogAgeMsMin, limits.retentionMsMax)), limits.backlogDefault.ageMsMax),
        ),
      }),
      {},
    ),
  ),
};

/** Members of the view of a subscription. */
export const healthMembers = {
  health: about(
    "healthy: the last attempts were accepted, or there were none. failing: several attempts in a row have failed. " +
      "open: the breaker is open, so messages wait in the log, and only probes are sent. A subscription that is paused " +
      "or disabled is healthy, because nothing is sent: its `state` and `disabledReason` say why.",
    Type.Enum(["healthy", "failing", "open"]),
  ),
  failing: nullable(
    describedShape("Failing", "Since when and why the endpoint fails; null while it is healthy.", {
      since: timeSchema("When the subscription entered this state."),
      failingSince: timeSchema("When the first attempt failed that no success has followed."),
      scope: about(
        "origin: the whole origin of the URL is unreachable or overloaded, and its subscriptions share the probes.",
        Type.Enum(["subscription", "origin"]),
      ),
      status: about("The HTTP status of the failure that led to this state.", nullable(Type.Integer())),
      error: about("The error code of that failure.", nullable(Type.String({ examples: ["connect_refused"] }))),
      errorDetail: about("The exact cause of that failure, in words.", nullable(Type.String())),
      nextProbeAt: nullable(
        timeSchema(
          "When the next probe may be sent; null while the breaker is closed. With the scope origin the subscriptions " +
            "probe in turns, and this time is updated only when this subscription probes. So it can be in the past.",
        ),
      ),
    }),
  ),
};

/** A member of the view of one subscription. */
export const flow = describedShape(
  "Flow",
  "How the node that answers sends to the endpoint at present; null if it does not. Other nodes have windows of their own.",
  {
    window: about(
      "How many deliveries may run at once. Falls when the endpoint is overloaded or unreachable (429, 502, 503, 504, " +
        "time-outs, failed connections) and recovers with successes. Below 1: one at a time, with pauses.",
      Type.Number(),
    ),
    pausedUntil: nullable(
      timeSchema(
        "The origin has asked with Retry-After to get nothing before this time, and Ringback waits; null: there is no " +
          "such pause.",
      ),
    ),
  },
);

export function flowView({ window, pausedUntilMs }: SenderState): object {
  return { window, pausedUntil: optionalTimeText(pausedUntilMs) };
}

export function healthView(health: SubscriptionHealth | null): object {
  return { health: health?.state ?? "healthy", failing: health && failingView(health) };
}

function failingView({ sinceMs, failingSinceMs, scope, error, probeAtMs }: SubscriptionHealth): object {
  return {
    since: timeText(sinceMs),
    failingSince: timeText(failingSinceMs),
    scope,
    status: error.status,
    error: error.code,
    errorDetail: error.detail,
    nextProbeAt: optionalTimeText(probeAtMs),
  };
}
