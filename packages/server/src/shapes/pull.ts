import { Type } from "typebox";
import type { Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { PulledMessage, AcknowledgeResult } from "../engine/pull/pulls.ts";
import { messageBodyMembers, messageMembers, messageView } from "./message.ts";
import { timeText as timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

const closed = { additionalProperties: false };

export const pullBody = Type.Object(
  {
    messagesMax: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.pullMessagesMax,
        default: 1,
        description: `How many messages at most. Past ${limits.pullBytesMax} bytes there are no more in one answer.`,
      }),
    ),
    waitMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: limits.pullWaitMsMax,
        default: 0,
        description: "How long to wait for a message when there is none, in milliseconds.",
      }),
    ),
    visibilityMs: Type.Optional(
      Type.Integer({
        minimum: limits.visibilityMsMin,
        maximum: limits.visibilityMsMax,
        description: "How long these messages are hidden from other receivers. Left out: as the subscription says.",
      }),
    ),
  },
  { ...closed, examples: [{ messagesMax: 10, waitMs: 20_000 }] },
);

const receiptHandle = Type.String({ maxLength: limits.receiptHandleCharsMax, examples: ["r1-1-1-mk8v5q2a-mk8v5q2a"] });

export const pulledSchema = Type.Object(
  {
    messages: Type.Array(
      Type.Object(
        {
          ...messageMembers,
          ...messageBodyMembers,
          receiptHandle: Type.String({
            description: "Names this handing out of the message: give it to `ack` or `nack` before `visibleAt`.",
            examples: ["r1-1-1-mk8v5q2a-mk8v5q2a"],
          }),
          receives: Type.Integer({
            minimum: 1,
            description: "How often it has been handed out, this time included.",
          }),
          firstReceivedAt: timeSchema("When it was handed out for the first time."),
          visibleAt: timeSchema("When it is there for others again, unless its receiver answers for it before."),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: "Oldest first; none when nothing came in time." },
);

const receiptHandles = Type.Array(receiptHandle, {
  minItems: 1,
  maxItems: limits.receiptHandlesMax,
  description: `From 1 to ${limits.receiptHandlesMax}, as \`pull\` has given them.`,
});

export const ackBody = Type.Object({ receiptHandles }, closed);

export const nackBody = Type.Object(
  {
    receiptHandles,
    delayMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: limits.visibilityMsMax,
        default: 0,
        description: "When it is there again, from now. 0: at once. More than is left: its receiver needs longer.",
      }),
    ),
  },
  closed,
);

export const acknowledgeResultsSchema = Type.Object(
  {
    failed: Type.Integer({ minimum: 0, description: "How many of the results are not `done`." }),
    results: Type.Array(
      Type.Object(
        {
          receiptHandle: Type.String(),
          result: Type.Enum(["done", "ended", "malformed"], {
            description:
              "ended: the message's time was over, or it was answered for before; it may be with another receiver now. " +
              "malformed: no receipt handle of this subscription.",
          }),
        },
        closed,
      ),
      { description: "In the order of the request." },
    ),
  },
  {
    ...closed,
    description: "What became of each receipt handle; those that are done are done, whatever the others are.",
  },
);

export function pulledView(messages: readonly PulledMessage[], topic: string) {
  return {
    messages: messages.map(({ message, receiptHandle, receives, firstReceivedAtMs, visibleAtMs }) => ({
      ...messageView(message, topic),
      receiptHandle,
      receives,
      firstReceivedAt: timeText(firstReceivedAtMs),
      visibleAt: timeText(visibleAtMs),
    })),
  };
}

export function acknowledgeResultsView(
  receiptHandles: readonly string[],
  results: readonly AcknowledgeResult[],
): Static<typeof acknowledgeResultsSchema> {
  return {
    failed: results.filter((result) => result !== "done").length,
    results: receiptHandles.map((receiptHandle, index) => ({ receiptHandle, result: results[index] ?? "malformed" })),
  };
}
