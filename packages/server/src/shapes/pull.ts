import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { PulledMessage, AcknowledgeResult } from "../engine/pull/pulls.ts";
import { messageBodyMembers, messageMembers, messageView } from "./message.ts";
import { about, bodyShape, closedObject, describedShape, namedShape, timeSchema, whole } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

export const pullBody = bodyShape("PullRequest", [{ messagesMax: 10, waitMs: 20_000 }], {
  messagesMax: about(
    `The largest number of messages. An answer ends once it has ${limits.pullBytesMax} bytes of messages.`,
    Type.Optional(whole(1, limits.pullMessagesMax, { default: 1 })),
  ),
  waitMs: about(
    "How long the request waits for a message when there is none, in milliseconds.",
    Type.Optional(whole(0, limits.pullWaitMsMax, { default: 0 })),
  ),
  visibilityMs: about(
    "How long these messages are invisible to other receivers, in milliseconds. Left out: as the subscription says.",
    Type.Optional(whole(limits.visibilityMsMin, limits.visibilityMsMax)),
  ),
});

const receiptHandle = Type.String({ maxLength: limits.receiptHandleCharsMax, examples: ["r1-1-1-mk8v5q2a-mk8v5q2a"] });

export const pulledSchema = describedShape("PulledMessages", "The messages, oldest first; none if none came in time.", {
  messages: Type.Array(
    namedShape("PulledMessage", {
      ...messageMembers,
      ...messageBodyMembers,
      receiptHandle: about(
        "Identifies this delivery of the message: send it to `ack` or `nack` before `visibleAt`.",
        Type.String({ examples: ["r1-1-1-mk8v5q2a-mk8v5q2a"] }),
      ),
      receives: about("How often the message has been pulled, this time included.", Type.Integer({ minimum: 1 })),
      firstReceivedAt: timeSchema("When the message was pulled for the first time."),
      visibleAt: timeSchema("When the message can be pulled again, unless it is acknowledged before."),
    }),
  ),
});

const receiptHandles = about(
  `From 1 to ${limits.receiptHandlesMax} receipt handles, as \`pull\` has returned them.`,
  Type.Array(receiptHandle, { minItems: 1, maxItems: limits.receiptHandlesMax }),
);

export const ackBody = namedShape("Acknowledgement", { receiptHandles });

export const nackBody = namedShape("PutBack", {
  receiptHandles,
  delayMs: about(
    "How long from now the messages stay invisible, in milliseconds. 0: they can be pulled again at once.",
    Type.Optional(whole(0, limits.visibilityMsMax, { default: 0 })),
  ),
});

export const acknowledgeResultsSchema = describedShape(
  "AcknowledgementResults",
  "The result for each receipt handle. A handle that fails does not affect the others.",
  {
    failed: about("How many of the results are not `done`.", Type.Integer({ minimum: 0 })),
    results: Type.Array(
      closedObject({
        receiptHandle: Type.String(),
        result: about(
          "ended: the receipt handle is no longer valid, because the visibility timeout is over or the message was " +
            "acknowledged or put back before. malformed: this is not a receipt handle of this subscription.",
          Type.Enum(["done", "ended", "malformed"]),
        ),
      }),
      { description: "In the order of the request." },
    ),
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
