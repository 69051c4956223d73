import { Type, type Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { deadReasons, type TimeMs } from "../domain/model.ts";
import type { DeadLetterFilter } from "../store/record-filters.ts";
import type { DeadLetter, ListedDeadLetter } from "../store/records.ts";
import { replyMembers } from "./attempt.ts";
import { replyView } from "./bytes-view.ts";
import { messageBodyMembers, messageMembers, messageMembersView, messageView } from "./message.ts";
import type { ReplaySource } from "../store/replays.ts";
import { timeMs, timeOrMs } from "./position.ts";
import { replayControls } from "./replay.ts";
import {
  about,
  bodyShape,
  closedObject,
  describedShape,
  namedShape,
  nullable,
  timeSchema,
  whole,
} from "./schema-parts.ts";
import { statusParameter, statusRangeOf, timeRangeOf, timeRangeParameters } from "./search-query.ts";
import { timeText } from "./time-text.ts";

const members = {
  id: about(
    "The dead letter's id: letters, digits, `-` and `_`.",
    Type.String({ examples: ["OTyF96ciDIvv_rYN78Jddw"] }),
  ),
  reason: about("Why there is no further attempt.", Type.Enum([...deadReasons])),
  attempts: about("How many attempts there were.", Type.Integer()),
  diedAt: timeSchema("When the delivery became a dead letter."),
  lastStatus: about("The HTTP status of the last reply; null without a reply.", nullable(Type.Integer())),
  lastErrorCode: about("Why the last attempt failed.", nullable(Type.String())),
  lastErrorDetail: about(
    "What exactly went wrong in the last attempt, in words for people.",
    nullable(Type.String({ maxLength: limits.errorDetailCharsMax })),
  ),
  ...replyMembers,
};

/**
 * A dead letter in a list, which omits the body of the message, because a page of two hundred bodies could have 200
 * MiB.
 */
export const deadLetterSummarySchema = namedShape("DeadLetterSummary", {
  ...members,
  topic: Type.String({ examples: ["orders"] }),
  subscription: Type.String({ examples: ["billing"] }),
  message: closedObject(messageMembers),
});

/** The parameters of lists of dead letters. */
export const deadLetterFilters = closedObject({
  reason: about("Only dead letters with this reason.", Type.Optional(Type.Enum([...deadReasons]))),
  status: statusParameter("the last reply"),
  ...timeRangeParameters("deliveries that became dead letters"),
});

export function deadLetterFilterOf({ reason, status, ...times }: Static<typeof deadLetterFilters>): DeadLetterFilter {
  const range = statusRangeOf(status);
  return {
    ...timeRangeOf(times),
    ...(reason !== undefined && { reason }),
    ...(range !== undefined && { status: range }),
  };
}

export const deadLetterSchema = describedShape("DeadLetter", "The dead letter, with its message.", {
  ...members,
  message: closedObject({ ...messageMembers, ...messageBodyMembers }),
});

const redriveExamples = [
  { all: true },
  { ids: ["OTyF96ciDIvv_rYN78Jddw"] },
  { reasons: ["retries_exhausted"], statuses: [503], from: "2026-01-31T08:00:00Z", perSecond: 20 },
];

export const redriveBody = bodyShape("Redrive", redriveExamples, {
  ids: about(
    "The dead letters. Ids of dead letters that do not exist are ignored.",
    Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: limits.redriveIdsMax })),
  ),
  all: about(
    "true, instead of `ids`: all dead letters that exist at the time of the request.",
    Type.Optional(Type.Boolean()),
  ),
  reasons: about(
    "Only dead letters with one of these reasons. This and each of the following members makes the request a replay.",
    Type.Optional(Type.Array(Type.Enum([...deadReasons]), { minItems: 1, maxItems: deadReasons.length })),
  ),
  statuses: about(
    "Only dead letters whose last reply had one of these HTTP statuses.",
    Type.Optional(Type.Array(whole(100, 999), { minItems: 1, maxItems: 100 })),
  ),
  from: about("Only dead letters that died at or after this time.", Type.Optional(timeOrMs)),
  to: about("Only dead letters that died at or before this time.", Type.Optional(timeOrMs)),
  ...replayControls,
  order: about(
    "`live`: a redriven delivery takes its place in the order of an ordered subscription. `separate`: as for a replay.",
    Type.Optional(Type.Enum(["live", "separate"], { default: "live" })),
  ),
});

/**
 * Returns null for a request without a filter or a control, which is answered when all dead letters are redriven.
 * Throws `invalid_request`.
 */
export function letterSource(body: Static<typeof redriveBody>): (ReplaySource & { kind: "dead-letters" }) | null {
  const { ids, all: _all, ...filters } = body;
  if (Object.keys(filters).length === 0) return null;
  const { reasons = [], statuses = [], from, to } = filters;
  const [fromMs, toMs] = [optionalTime(from), optionalTime(to)];
  if (ids !== undefined) throw RingbackError.at("invalid_request", "ids", "cannot be combined with a filter or a rate");
  if (fromMs !== null && toMs !== null && toMs < fromMs) {
    throw RingbackError.at("invalid_request", "to", "must not lie before `from`");
  }
  return { kind: "dead-letters", reasons, statuses, fromMs, toMs };
}

function optionalTime(time: string | number | undefined): TimeMs | null {
  return time === undefined ? null : timeMs(time);
}

export const countSchema = namedShape("Count", { count: Type.Integer({ description: "The number of dead letters." }) });

export function deadLetterSummaryView(letter: ListedDeadLetter): Static<typeof deadLetterSummarySchema> {
  const { topic, subscription, message } = letter;
  return { ...membersView(letter), topic, subscription, message: messageMembersView(message, topic) };
}

export function deadLetterView(letter: DeadLetter, topic: string): Static<typeof deadLetterSchema> {
  return { ...membersView(letter), message: messageView(letter.message, topic) };
}

function membersView(letter: DeadLetter) {
  return {
    id: letter.id,
    reason: letter.reason,
    attempts: letter.attemptsMade,
    diedAt: timeText(letter.diedAtMs),
    lastStatus: letter.lastStatus,
    lastErrorCode: letter.lastErrorCode,
    lastErrorDetail: letter.lastErrorDetail,
    ...replyView(letter.lastReply),
  };
}
