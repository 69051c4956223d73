import { Type } from "typebox";
import type { Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { PulledMessage, AcknowledgeResult } from "../engine/pull/pulls.ts";
import { messageBodyMembers, messageMembers, messageView } from "./message.ts";
import { closed, timeText as timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

export const pullBody = Type.Object(
  {
    messagesMax: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.pullMessagesMax,
        default: 1,
        description: `The largest number of messages. An answer ends once it has ${limits.pullBytesMax} bytes of messages.`,
      }),
    ),
    waitMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: limits.pullWaitMsMax,
        default: 0,
        description: "How long the request waits for a message when there is none, in milliseconds.",
      }),
    ),
    visibilityMs: Type.Optional(
      Type.Integer({
        minimum: limits.visibilityMsMin,
        maximum: limits.visibilityMsMax,
        description:
          "How long these messages are invisible to other receivers, in milliseconds. Left out: as the subscription says.",
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
            description: "Identifies this delivery of the message: send it to `ack` or `nack` before `visibleAt`.",
            examples: ["r1-1-1-mk8v5q2a-mk8v5q2a"],
          }),
          receives: Type.Integer({
            minimum: 1,
            description: "How often the message has been pulled, this time included.",
          }),
          firstReceivedAt: timeSchema("When the message was pulled for the first time."),
          visibleAt: timeSchema("When the message can be pulled again, unless it is acknowledged before."),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: "The messages, oldest first; none if none came in time." },
);

const receiptHandles = Type.Array(receiptHandle, {
  minItems: 1,
  maxItems: limits.receiptHandlesMax,
  description: `From 1 to ${limits.receiptHandlesMax} receipt handles, as \`pull\` has returned them.`,
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
        description:
          "How long from now the messages stay invisible, in milliseconds. 0: they can be pulled again at once.",
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
              "ended: the receipt handle is no longer valid, because the visibility timeout is over or the message was " +
              "acknowledged or put back before. malformed: this is not a receipt handle of this subscription.",
          }),
        },
        closed,
      ),
      { description: "In the order of the request." },
    ),
  },
  {
    ...closed,
    description: "The result for each receipt handle. A handle that fails does not affect the others.",
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
