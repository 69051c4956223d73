import { Type } from "typebox";
import { assertTopicStays, withRetention } from "../domain/inbox-rules.ts";
import { limits } from "../domain/limits.ts";
import type { InboxDetails } from "../engine/inboxes/inboxes.ts";
import { description, labels } from "./labels.ts";
import { about, bodyObject, changeTimes, changeTimesView, describedObject, nullable, whole } from "./schema-parts.ts";
import { complete, optional, settingsShape, viewMembers, viewOf } from "./settings.ts";

/** The schema of all settings of an inbox. */
const settings = bodyObject([{ messagesMax: 1000 }, { accept: "json", whilePolledMs: 300_000 }, { topic: "orders" }], {
  topic: about(
    "The topic that a POST to the inbox publishes into, and whose messages the inbox gives out. null: the inbox has a " +
      "log of its own. Cannot be changed later.",
    optional(nullable(Type.String({ examples: ["orders"] })), null),
  ),
  accept: about(
    "json: a body that is not JSON is refused. JSON is kept byte for byte as well.",
    optional(Type.Enum(["any", "json"]), "any"),
  ),
  whilePolledMs: about(
    "The inbox keeps messages only while its last GET is less than this many milliseconds ago. A message that " +
      "arrives later is dropped, with all messages that still wait. null: a message is kept until it is taken.",
    optional(nullable(whole(limits.whilePolledMsMin, limits.whilePolledMsMax, { examples: [300_000] })), null),
  ),
  retentionMs: about(
    `How long a message is kept, taken or not, in milliseconds. Left out: ${limits.retentionMsDefault}. With \`topic\` it must be left out, since the topic keeps the messages.`,
    optional(nullable(whole(limits.retentionMsMin, limits.retentionMsMax)), null),
  ),
  messagesMax: about(
    "How many messages may wait; a further POST is refused with `inbox_full`.",
    optional(whole(1, limits.inboxMessagesMax), limits.inboxMessagesDefault),
  ),
  bodyBytesMax: about(
    "The largest message body, in bytes.",
    optional(whole(limits.topicBodyBytesMin, limits.bodyBytesMax), limits.bodyBytesMax),
  ),
  description,
  labels,
});

export const inboxShape = settingsShape(settings, {
  assertFixed: ({ topic: before }, { topic: after }) => assertTopicStays(before ?? null, after ?? null),
  settle: (given) => withRetention(complete(settings, given)),
});

const members = { name: Type.String({ examples: ["arrivals"] }), ...viewMembers(settings), ...changeTimes };

export const inboxSchema = describedObject("The inbox.", members);
export const countedInboxSchema = describedObject("The inbox, with how many messages wait in it.", {
  ...members,
  waiting: about("How many messages wait, with those that are being sent to a client.", Type.Integer()),
});

export function inboxView(inbox: InboxDetails): object {
  return { name: inbox.name, ...viewOf(settings, inbox), ...changeTimesView(inbox) };
}
