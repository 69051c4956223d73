import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import { messageId } from "../domain/message-id.ts";
import { deadReasons, type Message } from "../domain/model.ts";
import type { ReceivedRequest } from "../domain/received-request.ts";
import type { MessageRecord } from "../store/records.ts";
import { attemptSchema, attemptView } from "./attempt.ts";
import { bodyView } from "./bytes-view.ts";
import {
  about,
  bodyShape,
  closedObject,
  describedShape,
  namedShape,
  nullable,
  textMap,
  timeSchema,
  whole,
} from "./schema-parts.ts";
import { optionalTimeText, timeText } from "./time-text.ts";

const publishedMembers = {
  id: about(
    "An unsigned 64-bit integer in decimal. It is a string because most languages cannot read it as a JSON number.",
    Type.String({ examples: ["1099511627777"] }),
  ),
  topic: Type.String(),
  seq: about("The position in the topic's log.", Type.Integer({ minimum: 1 })),
  publishedAt: timeSchema("When the message was accepted."),
};

const exampleTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

export const publishBody = bodyShape(
  "MessageInput",
  [{ body: "hello", tags: ["important"] }, { body: { order: 17 } }],
  {
    body: about(
      "The message: a string is delivered as UTF-8 text, any other JSON value exactly as it is written in this request. " +
        `At most ${limits.bodyBytesMax} bytes, or fewer if the topic says so. Exactly one of \`body\` and \`bodyBase64\` is given.`,
      Type.Optional(Type.Unknown()),
    ),
    bodyBase64: about(
      "The bytes of the message: standard alphabet, with padding.",
      Type.Optional(Type.String({ contentEncoding: "base64" })),
    ),
    tags: about(
      `At most ${limits.tagsMax}, each of at most ${limits.tagCharsMax} characters.`,
      Type.Optional(Type.Array(Type.String())),
    ),
    type: about(
      `Words with dots between them, such as invoice.payment_failed; at most ${limits.typeBytesMax} bytes.`,
      Type.Optional(Type.String()),
    ),
    orderingKey: about(
      `Subscriptions with \`order: key\` deliver the messages of one ordering key in order; at most ${limits.orderingKeyBytesMax} bytes.`,
      Type.Optional(Type.String()),
    ),
    attributes: Type.Optional(
      textMap(
        `At most ${limits.attributesMax}; names of at most ${limits.attributeNameCharsMax} characters, values of at most ${limits.attributeValueBytesMax} bytes.`,
      ),
    ),
    contentType: about(
      "The content type of the message. Left out: text/plain; charset=utf-8 for a string, application/json for another value, none for bytes.",
      Type.Optional(Type.String()),
    ),
    delayMs: about(
      "How much later the message is delivered, in milliseconds.",
      Type.Optional(whole(0, limits.delayMsMax, { default: 0 })),
    ),
    traceparent: about(
      "The message's trace context, as the header of the same name in W3C Trace Context. Left out: the header of the " +
        "request, if it has one. An invalid value counts as none.",
      Type.Optional(Type.String({ examples: [exampleTraceparent] })),
    ),
    tracestate: about("Belongs to `traceparent`, and is ignored without it.", Type.Optional(Type.String())),
  },
);

export type PublishBody = Static<typeof publishBody>;

export const batchBody = bodyShape("BatchInput", [{ messages: [{ body: "one" }, { body: "two" }] }], {
  messages: about(
    `From 1 to ${limits.batchMessagesMax} messages. All of them are accepted, or none.`,
    Type.Array(publishBody),
  ),
});

/** The query of a request whose body is the message itself. */
export const rawParameters = closedObject({
  tags: about("Joined by commas, or repeated. Only with a raw body.", Type.Optional(Type.Array(Type.String()))),
  type: about("Only with a raw body.", Type.Optional(Type.String())),
  orderingKey: about("Only with a raw body.", Type.Optional(Type.String())),
  delayMs: about("Only with a raw body.", Type.Optional(whole(0, limits.delayMsMax))),
});

export const idempotencyHeaders = Type.Object({
  "Idempotency-Key": about(
    `From 1 to ${limits.idempotencyKeyCharsMax} printable ASCII characters. The same request with the same key ` +
      `within ${limits.idempotencyKeyHours} hours publishes once and gets the first answer again.`,
    Type.Optional(Type.String()),
  ),
});

export const publishedSchema = describedShape("PublishedMessage", "The message is accepted: it is on disk.", {
  ...publishedMembers,
  deprecated: about(
    "True: the event type of the message is deprecated. Only with a topic that `accepts` listed types or valid bodies.",
    Type.Optional(Type.Boolean()),
  ),
});

export const publishedBatchSchema = describedShape("PublishedBatch", "All messages are accepted: they are on disk.", {
  messages: Type.Array(publishedSchema, { description: "In the order of the request." }),
});

const receivedRequest = describedShape(
  "ReceivedRequest",
  "The request that brought the message to an inbox; null for any other message.",
  {
    headers: about(
      "Name and value of each header, in the order of the request; names in lower case. Headers that describe only the " +
        "connection, and credentials for this server, are left out. At most " +
        `${limits.inboxHeadersMax} headers with together ${limits.inboxHeaderBytesMax} bytes are kept.`,
      Type.Array(Type.Array(Type.String(), { minItems: 2, maxItems: 2 }), {
        examples: [[["x-github-event", "push"]]],
      }),
    ),
    query: about(
      `The query as it was sent, without the question mark; empty if it had more than ${limits.inboxQueryBytesMax} bytes.`,
      Type.String({ examples: ["source=github"] }),
    ),
  },
);

export const messageMembers = {
  ...publishedMembers,
  deliverAt: nullable(timeSchema("The message is not delivered before this time; null: it is delivered at once.")),
  contentType: nullable(Type.String()),
  tags: Type.Array(Type.String()),
  type: nullable(Type.String()),
  orderingKey: nullable(Type.String()),
  attributes: textMap("The attributes as published."),
  request: nullable(receivedRequest),
  traceparent: about(
    "The trace context that is sent with the message; null: the message belongs to no trace.",
    nullable(Type.String({ examples: [exampleTraceparent] })),
  ),
  bodyBytes: about("The size of the body.", Type.Integer()),
};

export const messageBodyMembers = {
  body: about("The body, if it is UTF-8 text.", Type.Optional(Type.String())),
  bodyBase64: about(
    "Instead of `body` when it is not UTF-8.",
    Type.Optional(Type.String({ contentEncoding: "base64" })),
  ),
};

const deliverySchema = namedShape("Delivery", {
  subscription: Type.String(),
  state: about(
    "`pending`: not attempted yet. `in_flight`: is being attempted, or its outcome is not written yet. `parked`: waits " +
      "for a retry, for its delay, or for an acknowledgement. `delivered`: accepted. `dead`: given up, see `reason`. " +
      "`filtered`: the subscription's filter does not match. `skipped`: there is no record of it, because the " +
      "subscription began after the message, or because the record is older than `attemptRetentionMs`.",
    Type.Enum(["pending", "in_flight", "parked", "delivered", "dead", "filtered", "skipped"]),
  ),
  nextAttemptAt: nullable(
    timeSchema("Only for a parked delivery; null while it waits behind an earlier delivery of its ordering key."),
  ),
  reason: nullable(Type.Enum([...deadReasons])),
  attempts: Type.Array(attemptSchema),
});

export const messageSchema = describedShape("Message", "The message, with its delivery to each subscription.", {
  ...messageMembers,
  ...messageBodyMembers,
  deliveries: Type.Array(deliverySchema),
});

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
    request: requestView(message.request),
    traceparent: message.trace?.traceparent ?? null,
    bodyBytes: message.body.length,
  };
}

function requestView(request: ReceivedRequest | null): MessageMembers["request"] {
  return request && { headers: request.headers.map((header) => [...header]), query: request.query };
}

export function messageView(message: Message, topic: string) {
  return { ...messageMembersView(message, topic), ...bodyView(message.body) };
}

export function messageRecordView({ message, topic, deliveries }: MessageRecord): Static<typeof messageSchema> {
  const id = messageId(message.topicId, message.seq);
  return {
    ...messageView(message, topic),
    deliveries: deliveries.map((delivery) => ({
      subscription: delivery.subscription,
      state: delivery.state,
      nextAttemptAt: optionalTimeText(delivery.nextAttemptAtMs),
      reason: delivery.reason,
      attempts: delivery.attempts.map((attempt) => attemptView(attempt, id)),
    })),
  };
}
