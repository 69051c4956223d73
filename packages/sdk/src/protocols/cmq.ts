/**
 * Tencent Cloud CMQ's push to an HTTP endpoint: one dialect in two formats.
 *
 * The body of `cmq-json` is a JSON object with the message's text and metadata. The body of `cmq-simplified` is the
 * message's own bytes. The headers are the same in both; `Content-Type` is `text/plain` even for JSON.
 *
 * CMQ does not document the headers of a message without tags. This dialect omits `x-cmq-message-tag` in that case.
 * From an empty header, a receiver that splits the value at the commas would read one tag with an empty name.
 */

import { emptyMessage } from "./empty-message.ts";
import { headerText } from "./header-text.ts";
import {
  assertPushRequest,
  envelopeJsonLimits,
  envelopeMembers,
  incomingEnvelopeBytesMax,
  incomingName,
  incomingTextBytes,
} from "./incoming-limits.ts";
import { scanned } from "./json-reader.ts";
import type { IncomingMessage, IncomingRequest, OutgoingDelivery, PushProtocol } from "./protocol.ts";
import { statusReply, verdictOfStatus } from "./status-verdict.ts";
import { joinTags, splitTags } from "./tag-list.ts";
import { outgoingBodyText, utf8Bytes, utf8Text } from "./text-bytes.ts";
import { incomingId, incomingIntegerOrDigits, outgoingId, outgoingInteger, timeMsMax } from "./wire-number.ts";

const USER_AGENT = "Qcloud Notification Service Agent";

const fixedHead = { messageId: "x-cmq-message-id", requestId: "x-cmq-request-id" } as const;

const shared = {
  keys: "none",
  retryDefault: "EXPONENTIAL_DECAY_RETRY",
  fixedHead,
  ownHeaders: ["x-cmq-"],
  /**
   * The status alone decides. CMQ has no rule for 410 or `Retry-After`; only its retry policies decide when to retry
   * and when to stop.
   */
  interpret: (reply) => verdictOfStatus(reply.status),
  /** The sample receiver in CMQ's documentation answers `ok`. */
  reply: (handled) =>
    handled ? { status: 200, headers: { "content-type": "text/plain" }, body: "ok" } : statusReply(false),
} as const satisfies Partial<PushProtocol>;

export const cmqJson = {
  ...shared,
  name: "cmq-json",
  bodyBytesMax: incomingEnvelopeBytesMax,
  encode: (delivery) => ({ headers: headersOf(delivery), body: utf8Bytes(jsonOf(delivery)) }),
  decode: decodeJson,
} as const satisfies PushProtocol;

export const cmqSimplified = {
  ...shared,
  name: "cmq-simplified",
  encode: (delivery) => ({ headers: headersOf(delivery), body: delivery.body }),
  decode: decodeSimplified,
} as const satisfies PushProtocol;

// ---- the sender

function headersOf(delivery: OutgoingDelivery): string[] {
  const headers = ["Content-Type", "text/plain", "User-Agent", USER_AGENT];
  headers.push(fixedHead.requestId, outgoingId("requestId", delivery.requestId));
  headers.push(fixedHead.messageId, outgoingId("messageId", delivery.messageId));
  if (delivery.tags.length > 0) headers.push("x-cmq-message-tag", joinTags("tags", delivery.tags));
  return headers;
}

/** The order of the members is part of the dialect. */
function jsonOf(delivery: OutgoingDelivery): string {
  return JSON.stringify({
    TopicOwner: outgoingInteger("topicOwner", delivery.topicOwner),
    topicName: delivery.topic,
    subscriptionName: delivery.subscription,
    msgId: outgoingId("messageId", delivery.messageId),
    msgBody: outgoingBodyText(delivery.body, "cmq-simplified"),
    publishTime: outgoingInteger("publishedAtMs", Math.floor(delivery.publishedAtMs / 1000)),
  });
}

// ---- the receiver

function decodeJson(request: IncomingRequest): IncomingMessage {
  assertPushRequest(request);
  const members = envelopeMembers(request.body);
  return {
    ...emptyMessage,
    protocol: cmqJson.name,
    topicOwner: idIn(request.body, members, "TopicOwner"),
    topic: incomingName("topicName", members["topicName"]),
    subscription: incomingName("subscriptionName", members["subscriptionName"]),
    messageId: idIn(request.body, members, "msgId"),
    requestId: requestIdOf(request),
    publishedAtMs: incomingIntegerOrDigits("publishTime", members["publishTime"], timeMsMax / 1000) * 1000,
    body: incomingTextBytes("msgBody", members["msgBody"]),
    tags: tagsOf(request),
  };
}

function decodeSimplified(request: IncomingRequest): IncomingMessage {
  assertPushRequest(request);
  return {
    ...emptyMessage,
    protocol: cmqSimplified.name,
    messageId: incomingId(fixedHead.messageId, request.headers[fixedHead.messageId]),
    requestId: requestIdOf(request),
    body: request.body,
    tags: tagsOf(request),
  };
}

/**
 * Returns the request id; null when it is missing. Only logs use the id, and a gateway may remove the header. CMQ does
 * not say that the id is a number.
 */
function requestIdOf(request: IncomingRequest): string | null {
  const id = headerText(request, fixedHead.requestId);
  return id === null ? null : incomingName(fixedHead.requestId, id);
}

function tagsOf(request: IncomingRequest): readonly string[] {
  return splitTags("x-cmq-message-tag", request.headers["x-cmq-message-tag"]);
}

/**
 * Returns the id as text. If the id is a number, its digits are taken from the JSON text, because `JSON.parse` rounds
 * large numbers.
 */
function idIn(body: Uint8Array, members: Readonly<Record<string, unknown>>, name: string): string {
  const value = members[name];
  if (typeof value !== "number" || Number.isSafeInteger(value)) return incomingId(name, value);
  const read = scanned(body, envelopeJsonLimits, true, { depth: 1, names: [name] });
  const span = "fault" in read ? undefined : read.spans.at(-1);
  return incomingId(name, span === undefined ? value : utf8Text(body.subarray(span.start, span.end)));
}
