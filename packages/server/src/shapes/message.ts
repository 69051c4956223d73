import { Type } from "typebox";
import type { Static } from "typebox";
import { limits } from "../domain/limits.ts";
import { messageId } from "../domain/message-id.ts";
import type { Message } from "../domain/model.ts";
import type { MessageRecord } from "../store/records.ts";
import { attemptSchema, attemptView } from "./attempt.ts";
import { bodyView } from "./bytes-view.ts";
import { nullable, textMap, timeText as timeSchema } from "./schema-parts.ts";
import { optionalTimeText, timeText } from "./time-text.ts";

const messageIdSchema = Type.String({
  description: "Unsigned 64-bit integer in decimal. A string: JSON numbers do not hold it in most languages.",
  examples: ["1099511627777"],
});
const seqSchema = Type.Integer({ minimum: 1, description: "Place in the topic's log." });

export const publishBody = Type.Object(
  {
    body: Type.Optional(
      Type.Unknown({
        description:
          "The message: a string is delivered as its UTF-8 text, any other JSON value as the very text it has in this " +
          `request. At most ${limits.bodyBytesMax} bytes, or what the topic allows. Either this or \`bodyBase64\`.`,
      }),
    ),
    bodyBase64: Type.Optional(
      Type.String({ contentEncoding: "base64", description: "The message's bytes: standard alphabet, with padding." }),
    ),
    tags: Type.Optional(
      Type.Array(Type.String(), {
        description: `At most ${limits.tagsMax}, each of at most ${limits.tagCharsMax} characters.`,
      }),
    ),
    type: Type.Optional(
      Type.String({
        description: `Words joined by dots, at most ${limits.typeBytesMax} bytes, such as invoice.payment_failed.`,
      }),
    ),
    orderingKey: Type.Optional(
      Type.String({
        description: `Messages of one key go out in order to subscriptions of order key; at most ${limits.orderingKeyBytesMax} bytes.`,
      }),
    ),
    attributes: Type.Optional(
      textMap(
        `At most ${limits.attributesMax}; names of at most ${limits.attributeNameCharsMax} characters, values of at most ${limits.attributeValueBytesMax} bytes.`,
      ),
    ),
    contentType: Type.Optional(
      Type.String({
        description:
          "Of the message itself. Left out: text/plain; charset=utf-8 for a string, application/json for another value, none for bytes.",
      }),
    ),
    delayMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: limits.delayMsMax,
        default: 0,
        description: "Deliver so much later, in milliseconds.",
      }),
    ),
  },
  { additionalProperties: false, examples: [{ body: "hello", tags: ["important"] }, { body: { order: 17 } }] },
);

export type PublishBody = Static<typeof publishBody>;

export const batchBody = Type.Object(
  {
    messages: Type.Array(publishBody, {
      description: `From 1 to ${limits.batchMessagesMax}. All of them are accepted, or none.`,
    }),
  },
  { additionalProperties: false, examples: [{ messages: [{ body: "one" }, { body: "two" }] }] },
);

/** For messages that are sent as the request's own bytes. */
export const rawParameters = Type.Object(
  {
    tags: Type.Optional(
      Type.Array(Type.String(), { description: "Joined by commas, or repeated. Only with raw bodies." }),
    ),
    type: Type.Optional(Type.String({ description: "Only with raw bodies." })),
    orderingKey: Type.Optional(Type.String({ description: "Only with raw bodies." })),
    delayMs: Type.Optional(
      Type.Integer({ minimum: 0, maximum: limits.delayMsMax, description: "Only with raw bodies." }),
    ),
  },
  { additionalProperties: false },
);

export const receiptSchema = Type.Object(
  { id: messageIdSchema, topic: Type.String(), seq: seqSchema, publishedAt: timeSchema("When the log took it.") },
  { additionalProperties: false, description: "Accepted: it is on disk." },
);

export const batchReceiptSchema = Type.Object(
  { messages: Type.Array(receiptSchema, { description: "In the order of the request." }) },
  { additionalProperties: false, description: "Accepted: all of them are on disk." },
);

export const messageMembers = {
  id: messageIdSchema,
  topic: Type.String(),
  seq: seqSchema,
  publishedAt: timeSchema("When the log took it."),
  deliverAt: nullable(timeSchema("Not before this time; null: at once.")),
  contentType: nullable(Type.String()),
  tags: Type.Array(Type.String()),
  type: nullable(Type.String()),
  orderingKey: nullable(Type.String()),
  attributes: textMap("As published."),
  bodyBytes: Type.Integer({ description: "The body's size." }),
};

export const messageBodyMembers = {
  body: Type.Optional(Type.String({ description: "The body, when it is UTF-8 text." })),
  bodyBase64: Type.Optional(Type.String({ contentEncoding: "base64", description: "Instead, when it is not." })),
};

const deliverySchema = Type.Object(
  {
    subscription: Type.String(),
    state: Type.Enum(["pending", "in_flight", "parked", "delivered", "dead", "filtered", "skipped"]),
    nextAttemptAt: nullable(timeSchema("For parked ones; null when held behind an earlier one of its ordering key.")),
    reason: nullable(Type.Enum(["retries_exhausted", "receives_exhausted", "expired", "unencodable"])),
    attempts: Type.Array(attemptSchema),
  },
  { additionalProperties: false },
);

export const messageSchema = Type.Object(
  { ...messageMembers, ...messageBodyMembers, deliveries: Type.Array(deliverySchema) },
  { additionalProperties: false, description: "The message, and what became of it for each subscription." },
);

type MessageMembers = Static<ReturnType<typeof Type.Object<typeof messageMembers>>>;

export function messageMembersView(message: Message, topic: string): MessageMembers {
  return {
    id: messageId(message.topicId, message.seq),
    topic,
    seq: message.seq,
    publishedAt: timeText(message.publishedAtMs),
    deliverAt: optionalTimeText(message.deliverAtMs),
    contentType: message.contentType,
    tags: [...message.tags],
    type: message.type,
    orderingKey: message.orderingKey,
    attributes: message.attributes,
    bodyBytes: message.body.length,
  };
}

export function messageView(message: Message, topic: string) {
  return { ...messageMembersView(message, topic), ...bodyView(message.body) };
}

export function messageRecordView({ message, topic, deliveries }: MessageRecord): Static<typeof messageSchema> {
  return {
    ...messageView(message, topic),
    deliveries: deliveries.map((delivery) => ({
      subscription: delivery.subscription,
      state: delivery.state,
      nextAttemptAt: optionalTimeText(delivery.nextAttemptAtMs),
      reason: delivery.reason,
      attempts: delivery.attempts.map(attemptView),
    })),
  };
}
