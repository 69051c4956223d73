import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import { about, namedShape, whole } from "./schema-parts.ts";
import { optional } from "./settings.ts";

/** The longest delay of EXPONENTIAL_DECAY_RETRY. The other defaults in this file are the numbers of the same policy. */
const delayMsMaxDefault = 512_000;
const delayMs = { minimum: 0, maximum: limits.retryDelayMsMax };

const growing = namedShape("GrowingRetrySettings", {
  baseMs: about("The first delay, in milliseconds.", Type.Integer({ ...delayMs, minimum: 1 })),
  factor: about(
    "Each delay is the one before, times this.",
    optional(Type.Number({ minimum: 1, maximum: limits.retryFactorMax }), 2),
  ),
  delayMsMax: about(
    "The longest delay. The default, too, is never less than `baseMs`.",
    optional(Type.Integer({ ...delayMs }), delayMsMaxDefault),
  ),
  retriesMax: about("How many retries there are.", optional(whole(0, limits.retriesMax), 176)),
  totalMsMax: about(
    "No retry starts later than this after the first attempt, in milliseconds.",
    optional(whole(0, limits.retryTotalMsMax), limits.retryTotalMsDefault),
  ),
  jitter: about(
    "How much of a delay is random: nothing, all of it or half of it.",
    optional(Type.Enum(["none", "full", "equal"]), "none"),
  ),
});

export const retryPolicy = Type.Union(
  [
    Type.Enum(["EXPONENTIAL_DECAY_RETRY", "BACKOFF_RETRY", "none"]),
    namedShape("RetryDelaysSettings", {
      delaysMs: about(
        "One delay per retry, in milliseconds; at most 30 days together, and no longer than the topic keeps its messages.",
        Type.Array(Type.Integer(delayMs), {
          maxItems: limits.retriesMax,
          examples: [[1000, 5000]],
        }),
      ),
    }),
    growing,
  ],
  {
    description:
      "EXPONENTIAL_DECAY_RETRY: 176 retries, after 1, 2, 4 … 256 s and then after 512 s each. BACKOFF_RETRY: 3 retries, each " +
      "after 10 to 20 s. An object gives the delays one by one, or lets them grow.",
  },
);

/**
 * Sets the default of `delayMsMax`, which depends on another member. A first delay above the usual maximum raises the
 * maximum.
 */
export function withDelayMsMax(policy: Static<typeof retryPolicy>): Static<typeof retryPolicy> {
  if (typeof policy === "string" || "delaysMs" in policy || policy.delayMsMax !== undefined) return policy;
  return { ...policy, delayMsMax: Math.max(policy.baseMs, delayMsMaxDefault) };
}
