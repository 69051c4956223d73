import { Type } from "typebox";
import type { Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { Attempt } from "../domain/model.ts";
import type { AttemptRecord } from "../store/records.ts";
import { replyView } from "./bytes-view.ts";
import { nullable, timeText as timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

export const replyMembers = {
  reply: Type.Optional(
    nullable(
      Type.String({
        description: `The reply's first ${limits.replyKeptBytes} bytes as text; null when no reply came.`,
      }),
    ),
  ),
  replyBase64: Type.Optional(Type.String({ contentEncoding: "base64", description: "Instead, when it is no text." })),
};

const members = {
  attempt: Type.Integer({ minimum: 1, description: "1 for the first POST of a delivery." }),
  startedAt: timeSchema("When the POST began."),
  durationMs: Type.Number({ description: "How long it took, to the end of the reply." }),
  verdict: Type.Enum(["accepted", "failed", "error"], {
    description: "accepted: the receiver has it. failed: it answered, but not so. error: no whole answer came.",
  }),
  status: nullable(Type.Integer({ description: "HTTP status; null when no reply came." })),
  errorCode: nullable(Type.String({ description: "Why it failed.", examples: ["timeout"] })),
  ...replyMembers,
};

export const attemptSchema = Type.Object(members, { additionalProperties: false });

export const attemptRecordSchema = Type.Object(
  { messageId: Type.String({ examples: ["1099511627777"] }), subscription: Type.String(), ...members },
  { additionalProperties: false },
);

export function attemptView(attempt: Attempt): Static<typeof attemptSchema> {
  return {
    attempt: attempt.attempt,
    startedAt: timeText(attempt.startedAtMs),
    durationMs: attempt.durationMs,
    verdict: attempt.verdict,
    status: attempt.status,
    errorCode: attempt.errorCode,
    ...replyView(attempt.reply),
  };
}

export function attemptRecordView(record: AttemptRecord): Static<typeof attemptRecordSchema> {
  return { messageId: record.messageId, subscription: record.subscription, ...attemptView(record) };
}
