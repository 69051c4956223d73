import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import { attemptId } from "../domain/attempt-id.ts";
import type { Attempt, MessageId } from "../domain/model.ts";
import type { AttemptRecord } from "../store/records.ts";
import { replyView } from "./bytes-view.ts";
import { about, namedShape, nullable, timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

export const replyMembers = {
  reply: about(
    `The first ${limits.replyKeptBytes} bytes of the reply as text; null without a reply.`,
    Type.Optional(nullable(Type.String())),
  ),
  replyBase64: about(
    "Instead of `reply` when the bytes are not UTF-8.",
    Type.Optional(Type.String({ contentEncoding: "base64" })),
  ),
};

const members = {
  id: about(
    "The id of the attempt among those of its subscription, with which its request and reply are read.",
    Type.String({ examples: ["1099511627777-1-1790000000000"] }),
  ),
  attempt: about("The number of the attempt; 1 for the first attempt of a delivery.", Type.Integer({ minimum: 1 })),
  startedAt: timeSchema("When the attempt started."),
  durationMs: about("How long the attempt took, to the end of the reply.", Type.Number()),
  verdict: about(
    "accepted: the receiver has accepted the message. failed: the receiver has refused it. error: there was no complete reply, or nothing could be sent.",
    Type.Enum(["accepted", "failed", "error"]),
  ),
  status: about("The HTTP status of the reply; null without a reply.", nullable(Type.Integer())),
  errorCode: about("Why the attempt failed; null when it did not.", nullable(Type.String({ examples: ["timeout"] }))),
  errorDetail: about(
    "What exactly went wrong, in words for people: for example OpenSSL's reason, the address that refused the connection, " +
      "or why the message cannot be sent in the subscription's protocol. null when nothing is known besides the code.",
    nullable(
      Type.String({ maxLength: limits.errorDetailCharsMax, examples: ["connect ECONNREFUSED 203.0.113.7:443"] }),
    ),
  ),
  ...replyMembers,
};

export const attemptSchema = namedShape("Attempt", members);

export const attemptRecordMembers = {
  messageId: Type.String({ examples: ["1099511627777"] }),
  subscription: Type.String(),
  ...members,
};

export const attemptRecordSchema = namedShape("AttemptRecord", attemptRecordMembers);

export function attemptView(attempt: Attempt, messageId: MessageId): Static<typeof attemptSchema> {
  return {
    id: attemptId(messageId, attempt),
    attempt: attempt.attempt,
    startedAt: timeText(attempt.startedAtMs),
    durationMs: attempt.durationMs,
    verdict: attempt.verdict,
    status: attempt.status,
    errorCode: attempt.errorCode,
    errorDetail: attempt.errorDetail,
    ...replyView(attempt.reply),
  };
}

export function attemptRecordView(record: AttemptRecord): Static<typeof attemptRecordSchema> {
  return { messageId: record.messageId, subscription: record.subscription, ...attemptView(record, record.messageId) };
}
