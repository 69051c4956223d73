import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import { assertTypePatterns } from "../domain/type-rules.ts";
import type { ReplayEnd, ReplayStart } from "../engine/replay/replay-range.ts";
import type { Replay } from "../store/replays.ts";
import { positionForms, positionOf, timeForms } from "./position.ts";
import { about, bodyShape, describedShape, namedShape, nullable, timeSchema, whole } from "./schema-parts.ts";
import { optionalTimeText, timeText } from "./time-text.ts";

const positions = positionForms("A position of the topic's log.", timeForms);

const perSecond = about(
  "The most copies that are sent per second; null: as many as live traffic leaves room for, up to " +
    `${limits.replayPerSecondMax}.`,
  Type.Optional(nullable(whole(1, limits.replayPerSecondMax, { default: limits.replayPerSecondDefault }))),
);

/** Members that every request for a replay has. */
export const replayControls = {
  dryRun: about(
    "true: nothing is sent, and the response has the number of matches.",
    Type.Optional(Type.Boolean({ default: false })),
  ),
  perSecond,
};

export const replayBody = bodyShape(
  "ReplaySettings",
  [
    { from: { at: "2026-01-31T08:00:00Z" }, only: "failed" },
    { from: { seq: 17 }, to: { seq: 1000 }, types: ["invoice.*"], target: "archive", perSecond: 20 },
  ],
  {
    from: Type.Union([Type.Enum(["oldest"]), ...positions], {
      description: "The first message: a position, or the first message published at or after a time.",
    }),
    to: about(
      "The last message: a position, or the last message published at or before a time. now: the newest message at the " +
        "time of the request.",
      Type.Optional(Type.Union([Type.Enum(["now"]), ...positions], { default: "now" })),
    ),
    types: about(
      "Only messages whose type matches one of these patterns. The filter of the target applies as well.",
      Type.Optional(Type.Array(Type.String())),
    ),
    only: about(
      "`failed`: only messages whose delivery to the subscription was given up, whether or not its dead letter still exists.",
      Type.Optional(Type.Enum(["all", "failed"], { default: "all" })),
    ),
    target: about(
      "The subscription of the same topic that gets the messages. Left out: the subscription itself.",
      Type.Optional(Type.String()),
    ),
    ...replayControls,
    order: about(
      "For ordered targets. `separate`: the copies neither hold back other deliveries nor wait for them. `live`: they " +
        "take part in the order.",
      Type.Optional(Type.Enum(["separate", "live"], { default: "separate" })),
    ),
  },
);

export type ReplayBody = Static<typeof replayBody>;

/** Throws `invalid_type_pattern`. */
export function rangeOfBody({ from, to = "now", types = [] }: ReplayBody) {
  assertTypePatterns("types", types);
  const start: ReplayStart = from === "oldest" ? from : positionOf(from);
  const end: ReplayEnd = to === "now" ? to : positionOf(to);
  return { from: start, to: end, types };
}

export const replayPatchBody = bodyShape("ReplayPatch", [{ perSecond: 10 }, { paused: true }], {
  perSecond: Type.Optional(nullable(whole(1, limits.replayPerSecondMax))),
  paused: about("true: no further copy is prepared. Those that wait already are sent.", Type.Optional(Type.Boolean())),
});

const matched = {
  matched: about("How many messages, or dead letters, match.", Type.Integer({ minimum: 0 })),
  exact: about(
    `false: \`matched\` is an upper bound, because more than ${limits.replayCountedMax} were not all examined, or because ` +
      "`filter.where` of the target is applied only when a copy is due.",
    Type.Boolean(),
  ),
};

export const dryRunSchema = describedShape("DryRun", "A dry run: what a replay would send.", matched);

export const replaySchema = namedShape("Replay", {
  id: Type.String({ examples: ["3675234182400512"] }),
  kind: about("`dead-letters`: a redrive of dead letters.", Type.Enum(["messages", "dead-letters"])),
  state: about(
    "`running`: also while copies wait for a retry. `done`: every copy was delivered or given up. `failed`: see `reason`.",
    Type.Enum(["running", "paused", "done", "cancelled", "failed"]),
  ),
  reason: about(
    "Why the replay has failed: the subscription or the target was deleted. null if it has not.",
    nullable(Type.Enum(["subscription_deleted"])),
  ),
  topic: Type.String({ examples: ["orders"] }),
  subscription: Type.String({ examples: ["billing"] }),
  target: Type.String({ examples: ["billing"] }),
  from: about("The first position of the range; null for dead letters.", nullable(Type.Integer())),
  to: about("The last position of the range; null for dead letters.", nullable(Type.Integer())),
  types: Type.Array(Type.String()),
  only: Type.Enum(["all", "failed"]),
  order: Type.Enum(["separate", "live"]),
  perSecond: nullable(Type.Integer()),
  ...matched,
  examined: about("How many positions of the log, or dead letters, the replay has passed.", Type.Integer()),
  sent: about("Copies that were delivered, given up, or rejected by `filter.where`.", Type.Integer()),
  waiting: about("Copies that are in flight, or wait for their time or a retry.", Type.Integer()),
  skipped: about(
    "Matching messages that this replay did not send, because they still waited to be delivered to the target when the replay came to them: " +
      "as live traffic, as a retry, or as a copy of another replay.",
    Type.Integer(),
  ),
  expired: about("Positions of the range whose messages had expired.", Type.Integer()),
  createdAt: timeSchema("When it was created."),
  endedAt: nullable(timeSchema("When it ended; null before.")),
});

export function replayView(replay: Replay): Static<typeof replaySchema> {
  const { source, state, reason, topic, subscription, target, order, perSecond } = replay;
  const { examined, sent, waiting, skipped, expired } = replay;
  const isOfLog = source.kind === "messages";
  return {
    id: String(replay.id),
    kind: source.kind,
    state,
    reason,
    topic,
    subscription,
    target,
    from: isOfLog ? source.fromSeq : null,
    to: isOfLog ? source.toSeq : null,
    types: isOfLog ? [...source.types] : [],
    only: isOfLog ? source.only : "failed",
    order,
    perSecond,
    ...countView(replay),
    examined,
    sent,
    waiting,
    skipped,
    expired,
    createdAt: timeText(replay.createdAtMs),
    endedAt: optionalTimeText(replay.endedAtMs),
  };
}

export function countView({ matched, isExact }: Pick<Replay, "matched" | "isExact">): Static<typeof dryRunSchema> {
  return { matched, exact: isExact };
}
