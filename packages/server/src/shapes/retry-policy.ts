import { Type } from "typebox";
import type { Static } from "typebox";
import { limits } from "../domain/limits.ts";
import { closed } from "./schema-parts.ts";
import { optional } from "./settings.ts";

/** The longest delay of EXPONENTIAL_DECAY_RETRY, whose other numbers are the further defaults here. */
const delayMsMaxDefault = 512_000;
const delayMs = { minimum: 0, maximum: limits.retryDelayMsMax };

const growing = Type.Object(
  {
    baseMs: Type.Integer({ ...delayMs, minimum: 1, description: "The first delay, in milliseconds." }),
    factor: optional(
      Type.Number({
        minimum: 1,
        maximum: limits.retryFactorMax,
        description: "Each delay is the one before, times this.",
      }),
      2,
    ),
    delayMsMax: optional(
      Type.Integer({ ...delayMs, description: "No delay is longer. Left out, it is never less than `baseMs`." }),
      delayMsMaxDefault,
    ),
    retriesMax: optional(
      Type.Integer({ minimum: 0, maximum: limits.retriesMax, description: "How many retries there are." }),
      176,
    ),
    totalMsMax: optional(
      Type.Integer({
        minimum: 0,
        maximum: limits.retryTotalMsMax,
        description: "No retry starts later than this after the first attempt, in milliseconds.",
      }),
      limits.retryTotalMsMax,
    ),
    jitter: optional(
      Type.Enum(["none", "full", "equal"], {
        description: "How much of a delay is random: nothing, all of it or half of it.",
      }),
      "none",
    ),
  },
  closed,
);

export const retryPolicy = Type.Union(
  [
    Type.Enum(["EXPONENTIAL_DECAY_RETRY", "BACKOFF_RETRY", "none"]),
    Type.Object(
      {
        delaysMs: Type.Array(Type.Integer(delayMs), {
          maxItems: limits.retriesMax,
          description: "One delay per retry, in milliseconds.",
          examples: [[1000, 5000]],
        }),
      },
      closed,
    ),
    growing,
  ],
  {
    description:
      "EXPONENTIAL_DECAY_RETRY: 176 retries, after 1, 2, 4 … 256 s and then after 512 s each. BACKOFF_RETRY: 3 retries, each " +
      "after 10 to 20 s. An object gives the delays one by one, or lets them grow.",
  },
);

/** Sets the one default that depends on another member: a first delay past the usual maximum raises the maximum. */
export function withDelayMsMax(policy: Static<typeof retryPolicy>): Static<typeof retryPolicy> {
  if (typeof policy === "string" || "delaysMs" in policy || policy.delayMsMax !== undefined) return policy;
  return { ...policy, delayMsMax: Math.max(policy.baseMs, delayMsMaxDefault) };
}
