import { Type, type Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { messageId } from "../domain/message-id.ts";
import type { SubscriptionId } from "../domain/model.ts";
import { assertTag } from "../domain/tag-rules.ts";
import { headerTextFault } from "../domain/text-rules.ts";
import { assertTypePattern } from "../domain/type-rules.ts";
import type { Label } from "../store/label.ts";
import type { ListedMessage } from "../store/message-search.ts";
import type { MessageFilter } from "../store/record-filters.ts";
import { messageMembers } from "./message.ts";
import { about, closedObject, nullable, namedShape } from "./schema-parts.ts";
import { timeRangeOf, timeRangeParameters } from "./search-query.ts";
import { valueFault } from "./shape-check.ts";
import { optionalTimeText, timeText } from "./time-text.ts";

/** The list of a topic's messages, without their bodies. */

const states = ["pending", "in_flight", "parked", "delivered", "dead", "filtered", "skipped"] as const;

export const messageFilters = closedObject({
  ...timeRangeParameters("messages published"),
  type: about(
    "Only messages whose type matches this pattern, as in the filter of a subscription: * is one word, # any number.",
    Type.Optional(Type.String({ examples: ["invoice.*"] })),
  ),
  tag: about("Only messages with this tag.", Type.Optional(Type.String())),
  attribute: about(
    "Only messages that have this attribute: its name, `:`, and its value.",
    Type.Optional(
      Type.String({
        pattern: "^[a-z][a-z0-9-]*:",
        [valueFault]: "must be an attribute's name, :, and its value, such as customer:acme",
        examples: ["customer:acme"],
      }),
    ),
  ),
  subscription: about("Shows the state of each message at this subscription.", Type.Optional(Type.String())),
  state: about(
    "Only messages with this state at the `subscription`. dead: those whose dead letter still exists.",
    Type.Optional(Type.Enum([...states])),
  ),
});

type MessageFilters = Omit<Static<typeof messageFilters>, "subscription">;

/** Reads the parameters. Throws `invalid_request` and `invalid_type_pattern`. */
export function messageFilterOf({ type, tag, attribute, state, ...times }: MessageFilters): MessageFilter {
  if (type !== undefined) assertTypePattern("type", type);
  if (tag !== undefined) assertTag("tag", tag);
  return {
    ...timeRangeOf(times),
    ...(type !== undefined && { type }),
    ...(tag !== undefined && { tag }),
    ...(attribute !== undefined && { attribute: attributeOf(attribute) }),
    ...(state !== undefined && { state: state }),
  };
}

function attributeOf(text: string): Label {
  const colon = text.indexOf(":");
  const value = text.slice(colon + 1);
  const fault = value === "" ? null : headerTextFault(value);
  if (fault !== null) throw RingbackError.at("invalid_request", "attribute", `has a value that ${fault}`);
  return { name: text.slice(0, colon), value };
}

/** Throws `invalid_request` for a state without a subscription. */
export function ofDelivery(filter: MessageFilter, subscriptionId: SubscriptionId | null): MessageFilter {
  if (subscriptionId !== null) return { ...filter, subscriptionId };
  if (filter.state === undefined) return filter;
  throw RingbackError.at("invalid_request", "state", "must be given with `subscription`");
}

const { request: _request, traceparent: _traceparent, ...listedMembers } = messageMembers;

export const listedMessageSchema = namedShape("MessageSummary", {
  ...listedMembers,
  state: about(
    "The state at the `subscription` of the query, as in the message's deliveries; null if the query names none.",
    nullable(Type.Enum([...states])),
  ),
});

export function listedMessageView(message: ListedMessage, topic: string): Static<typeof listedMessageSchema> {
  const { topicId, seq, publishedAtMs, deliverAtMs, tags, ...others } = message;
  return {
    id: messageId(topicId, seq),
    topic,
    seq,
    publishedAt: timeText(publishedAtMs),
    deliverAt: optionalTimeText(deliverAtMs),
    tags: [...tags],
    ...others,
  };
}
