import { Type } from "typebox";
import type { Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { InboxDetails } from "../engine/inboxes/inboxes.ts";
import { nullable, timeText as timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

const topic = Type.String({
  description:
    "What arrives is published into this topic, and taken through a subscription of its own. Left out: a log of the " +
    "inbox's own. Fixed once the inbox exists.",
  examples: ["orders"],
});
const accept = Type.Enum(["any", "json"], {
  default: "any",
  description: "json: a body that is not JSON is refused; one that is, is kept byte for byte all the same.",
});
const whilePolledMs = Type.Integer({
  minimum: limits.whilePolledMsMin,
  maximum: limits.whilePolledMsMax,
  description:
    "Keep only while the inbox has been polled less than so many milliseconds ago; what arrives later is dropped, together " +
    "with all that waits. Left out: a message is kept until it is taken.",
  examples: [300_000],
});
const retentionMs = Type.Integer({
  minimum: limits.retentionMsMin,
  maximum: limits.retentionMsMax,
  description: `How long a message is kept, taken or not, in milliseconds; ${limits.retentionMsDefault} if left out. Only without \`topic\`, which has its own.`,
});
const messagesMax = Type.Integer({
  minimum: 1,
  maximum: limits.inboxMessagesMax,
  default: limits.inboxMessagesDefault,
  description: "How many messages may wait; past it a POST is refused with `inbox_full`.",
});
const bodyBytesMax = Type.Integer({
  minimum: limits.topicBodyBytesMin,
  maximum: limits.bodyBytesMax,
  default: limits.bodyBytesMax,
  description: "The largest message body, in bytes.",
});

export const inboxBody = Type.Object(
  {
    topic: Type.Optional(Type.Union([topic, Type.Null()])),
    accept: Type.Optional(accept),
    whilePolledMs: Type.Optional(Type.Union([whilePolledMs, Type.Null()])),
    retentionMs: Type.Optional(Type.Union([retentionMs, Type.Null()])),
    messagesMax: Type.Optional(messagesMax),
    bodyBytesMax: Type.Optional(bodyBytesMax),
  },
  {
    additionalProperties: false,
    examples: [{ messagesMax: 1000 }, { accept: "json", whilePolledMs: 300_000 }, { topic: "orders" }],
  },
);

export type InboxBody = Static<typeof inboxBody>;

const members = {
  name: Type.String({ examples: ["weixin"] }),
  topic: nullable(topic),
  accept,
  whilePolledMs: nullable(whilePolledMs),
  retentionMs: nullable(retentionMs),
  messagesMax,
  bodyBytesMax,
  createdAt: timeSchema("When it was made."),
  updatedAt: timeSchema("When it was last changed."),
};

export const inboxSchema = Type.Object(members, { additionalProperties: false, description: "The inbox." });
export const countedInboxSchema = Type.Object(
  {
    ...members,
    waiting: Type.Integer({ description: "Messages that wait to be taken, with those that are being handed out." }),
  },
  { additionalProperties: false, description: "The inbox and what waits in it." },
);

export function inboxView(inbox: InboxDetails): Static<typeof inboxSchema> {
  return {
    name: inbox.name,
    topic: inbox.topic,
    accept: inbox.accept,
    whilePolledMs: inbox.whilePolledMs,
    retentionMs: inbox.retentionMs,
    messagesMax: inbox.messagesMax,
    bodyBytesMax: inbox.bodyBytesMax,
    createdAt: timeText(inbox.createdAtMs),
    updatedAt: timeText(inbox.updatedAtMs),
  };
}
