import { Type } from "typebox";
import { withRetention } from "../domain/inbox-rules.ts";
import { limits } from "../domain/limits.ts";
import type { InboxDetails } from "../engine/inboxes/inboxes.ts";
import { description, labels } from "./labels.ts";
import { changeTimes, changeTimesView, closed, nullable } from "./schema-parts.ts";
import { complete, optional, settingsShape, viewMembers, viewOf } from "./settings.ts";

/** Every setting of an inbox. */
const settings = Type.Object(
  {
    topic: optional(
      nullable(
        Type.String({
          description:
            "The topic that a POST to the inbox publishes into, and whose messages the inbox gives out. null: the inbox has a " +
            "log of its own. Cannot be changed later.",
          examples: ["orders"],
        }),
      ),
      null,
    ),
    accept: optional(
      Type.Enum(["any", "json"], {
        description: "json: a body that is not JSON is refused. JSON is kept byte for byte as well.",
      }),
      "any",
    ),
    whilePolledMs: optional(
      nullable(
        Type.Integer({
          minimum: limits.whilePolledMsMin,
          maximum: limits.whilePolledMsMax,
          description:
            "The inbox keeps messages only while its last GET is less than this many milliseconds ago. A message that " +
            "arrives later is dropped, with all messages that still wait. null: a message is kept until it is taken.",
          examples: [300_000],
        }),
      ),
      null,
    ),
    retentionMs: optional(
      nullable(
        Type.Integer({
          minimum: limits.retentionMsMin,
          maximum: limits.retentionMsMax,
          description: `How long a message is kept, taken or not, in milliseconds. Left out: ${limits.retentionMsDefault}. With \`topic\` it must be left out, since the topic keeps the messages.`,
        }),
      ),
      null,
    ),
    messagesMax: optional(
      Type.Integer({
        minimum: 1,
        maximum: limits.inboxMessagesMax,
        description: "How many messages may wait; a further POST is refused with `inbox_full`.",
      }),
      limits.inboxMessagesDefault,
    ),
    bodyBytesMax: optional(
      Type.Integer({
        minimum: limits.topicBodyBytesMin,
        maximum: limits.bodyBytesMax,
        description: "The largest message body, in bytes.",
      }),
      limits.bodyBytesMax,
    ),
    description,
    labels,
  },
  {
    ...closed,
    examples: [{ messagesMax: 1000 }, { accept: "json", whilePolledMs: 300_000 }, { topic: "orders" }],
  },
);

export const inboxShape = settingsShape(settings, { settle: (given) => withRetention(complete(settings, given)) });

const members = { name: Type.String({ examples: ["weixin"] }), ...viewMembers(settings), ...changeTimes };

export const inboxSchema = Type.Object(members, { ...closed, description: "The inbox." });
export const countedInboxSchema = Type.Object(
  {
    ...members,
    waiting: Type.Integer({ description: "How many messages wait, with those that are being sent to a client." }),
  },
  { ...closed, description: "The inbox, with how many messages wait in it." },
);

export function inboxView(inbox: InboxDetails): object {
  return { name: inbox.name, ...viewOf(settings, inbox), ...changeTimesView(inbox) };
}
