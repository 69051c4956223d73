import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { AccountState, Statistics } from "../engine/statistics/statistics.ts";
import type { DurationHistogram } from "../engine/statistics/duration-histogram.ts";
import type { Tally } from "../engine/statistics/tally.ts";
import { about, closedObject, describedObject, describedShape, nullable, timeSchema, whole } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

const count = (text: string) => about(text, Type.Integer({ minimum: 0 }));

const quantiles = (text: string) =>
  nullable(
    describedObject(`${text} In milliseconds, exact to 5 %; null: there were none.`, {
      p50: Type.Number(),
      p99: Type.Number(),
    }),
  );

const counts = {
  published: about("Messages published; null for one subscription.", nullable(Type.Integer({ minimum: 0 }))),
  accepted: count("Attempts that the receiver has accepted."),
  failed: count("Attempts that the receiver has refused."),
  errors: count("Attempts without a usable reply."),
  deadLettered: count("Deliveries that became dead letters."),
  latencyMs: quantiles("From the publishing to the acceptance."),
  durationMs: quantiles("How long POSTs took."),
};

const gauge = (text: string) => about(`${text} null: it was not measured.`, nullable(Type.Integer({ minimum: 0 })));

export const statisticsSchema = describedShape("Statistics", "What happened over time.", {
  from: timeSchema("The begin of the first step."),
  to: timeSchema("The end of the last step."),
  stepMs: about(
    "How long a step is, in milliseconds: a multiple of a minute, or of an hour.",
    whole(1, Number.MAX_SAFE_INTEGER),
  ),
  points: about(
    "The steps, without holes: a step in which nothing happened has zeros.",
    Type.Array(
      closedObject({
        at: timeSchema("The begin of the step."),
        ...counts,
        backlog: gauge("Messages that waited in the log, at most during the step; only of a whole account."),
        deadLetters: gauge("Dead letters that were stored, at most during the step; only of a whole account."),
      }),
    ),
  ),
  totals: describedObject("Of all steps together.", counts),
  now: nullable(
    describedObject(
      "The present state of all subscriptions of the account, at most a few seconds old. null: the account has more than " +
        "2,000 subscriptions, or the request names a topic.",
      {
        subscriptions: count("All subscriptions."),
        paused: count("Paused ones."),
        disabled: count("Ones that Ringback has disabled."),
        failing: count("Active ones whose attempts fail."),
        open: count("Active ones whose breaker is open."),
        backlog: count("Messages that wait in the log."),
        parked: count("Deliveries that wait for their next attempt."),
        inFlight: count("Deliveries that are being sent."),
        deadLetters: count("Dead letters that are stored."),
      },
    ),
  ),
});

export const statisticsQuery = {
  topic: about("Only this topic.", Type.Optional(Type.String({ examples: ["orders"] }))),
  subscription: about("Only this subscription of the topic.", Type.Optional(Type.String({ examples: ["billing"] }))),
  points: about(
    "The largest number of steps. A step is a whole number of minutes or hours.",
    Type.Optional(whole(1, limits.statisticsPointsMax, { default: limits.statisticsPointsDefault })),
  ),
};

export function statisticsView(
  { fromMs, toMs, stepMs, points, total }: Statistics,
  now: AccountState | null,
  hasPublished: boolean,
): Static<typeof statisticsSchema> {
  return {
    from: timeText(fromMs),
    to: timeText(toMs),
    stepMs,
    points: points.map(({ atMs, tally }) => ({
      at: timeText(atMs),
      ...countsView(tally, hasPublished),
      backlog: tally.backlog,
      deadLetters: tally.deadLetters,
    })),
    totals: countsView(total, hasPublished),
    now,
  };
}

function countsView({ published, accepted, failed, errors, dead, latency, duration }: Tally, hasPublished: boolean) {
  return {
    published: hasPublished ? published : null,
    accepted,
    failed,
    errors,
    deadLettered: dead,
    latencyMs: quantilesView(latency),
    durationMs: quantilesView(duration),
  };
}

function quantilesView(histogram: DurationHistogram): { p50: number; p99: number } | null {
  const [p50, p99] = [histogram.quantile(0.5), histogram.quantile(0.99)];
  return p50 === null || p99 === null ? null : { p50, p99 };
}
