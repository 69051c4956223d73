/**
 * Tencent Cloud CMQ's delivery to an HTTP endpoint: one dialect in two formats.
 *
 * `cmq-json`: the body is a JSON object with the message's text and its particulars.
 * `cmq-simplified`: the body is the message's own bytes.
 * The headers are the same in both; `Content-Type` is `text/plain` even around JSON.
 *
 * CMQ does not say what a message without tags sends. Here `x-cmq-message-tag` is left out then: a receiver that splits
 * an empty value at the comma would find one tag with an empty name.
 */

import { fromHeaderValue } from "./header-text.ts";
import { assertPushRequest, envelopeMembers, incomingEnvelopeBytesMax, incomingName } from "./incoming-limits.ts";
import { topLevelMemberSpan } from "./json-span.ts";
import type {
  IncomingMessage,
  IncomingRequest,
  OutgoingDelivery,
  PushProtocol,
  PushReply,
  ReceiverReply,
  Verdict,
} from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { verdictOfStatus } from "./status-verdict.ts";
import { joinTags, splitTags } from "./tag-list.ts";
import { utf8Bytes } from "./text-bytes.ts";
import { incomingDigits, incomingId, incomingInteger, outgoingId, outgoingInteger, timeMsMax } from "./wire-number.ts";

const USER_AGENT = "Qcloud Notification Service Agent";

const encoder = new TextEncoder();
/** `ignoreBOM` keeps a leading byte order mark in the text: it is part of the message. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const cmqJson = {
  name: "cmq-json",
  keys: "none",
  headerPrefix: "x-cmq-",
  bodyBytesMax: incomingEnvelopeBytesMax,
  encode: (delivery: OutgoingDelivery) => ({ headers: headersOf(delivery), body: utf8Bytes(jsonOf(delivery)) }),
  interpret,
  decode: decodeJson,
  reply,
} as const satisfies PushProtocol;

export const cmqSimplified = {
  name: "cmq-simplified",
  keys: "none",
  headerPrefix: "x-cmq-",
  encode: (delivery: OutgoingDelivery) => ({ headers: headersOf(delivery), body: delivery.body }),
  interpret,
  decode: decodeSimplified,
  reply,
} as const satisfies PushProtocol;

// ---- the sender

function headersOf(delivery: OutgoingDelivery): string[] {
  const headers = [
    "Content-Type",
    "text/plain",
    "User-Agent",
    USER_AGENT,
    "x-cmq-request-id",
    outgoingId("requestId", delivery.requestId),
    "x-cmq-message-id",
    outgoingId("messageId", delivery.messageId),
  ];
  if (delivery.tags.length > 0) headers.push("x-cmq-message-tag", joinTags("tags", delivery.tags));
  return headers;
}

/** Put together by hand: only the message needs escaping, and the order of the members is part of the dialect. */
function jsonOf(delivery: OutgoingDelivery): string {
  return (
    `{"TopicOwner":${outgoingInteger("topicOwner", delivery.topicOwner)}` +
    `,"topicName":${quoted(delivery.topic)}` +
    `,"subscriptionName":${quoted(delivery.subscription)}` +
    `,"msgId":"${outgoingId("messageId", delivery.messageId)}"` +
    `,"msgBody":${JSON.stringify(textOf(delivery.body))}` +
    `,"publishTime":${outgoingInteger("publishedAtMs", Math.floor(delivery.publishedAtMs / 1000))}}`
  );
}

const needsNoEscape = /^[\w-]*$/;

function quoted(name: string): string {
  return needsNoEscape.test(name) ? `"${name}"` : JSON.stringify(name);
}

function textOf(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new UnencodableError("body: not valid UTF-8, which cmq-json would have to change; use cmq-simplified or raw");
  }
}

/** CMQ knows neither 410 nor `Retry-After`: its retry policies alone say when to try again, and when to give up. */
function interpret(response: PushReply): Verdict {
  return verdictOfStatus(response.status);
}

// ---- the receiver

const nothingCarried = {
  attempt: null,
  contentType: null,
  routingKey: null,
  orderingKey: null,
  attributes: Object.freeze({}),
} as const;

function decodeJson(request: IncomingRequest): IncomingMessage {
  assertPushRequest(request);
  const text = textOfBody(request.body);
  const members = envelopeMembers(text);
  return {
    ...nothingCarried,
    protocol: cmqJson.name,
    topicOwner: idIn(text, members, "TopicOwner"),
    topic: incomingName("topicName", members["topicName"]),
    subscription: incomingName("subscriptionName", members["subscriptionName"]),
    messageId: idIn(text, members, "msgId"),
    requestId: requestIdOf(request),
    publishedAtMs: publishTimeOf(members["publishTime"]) * 1000,
    body: bytesOf(members["msgBody"]),
    tags: tagsOf(request),
  };
}

function decodeSimplified(request: IncomingRequest): IncomingMessage {
  assertPushRequest(request);
  return {
    ...nothingCarried,
    protocol: cmqSimplified.name,
    topicOwner: null,
    topic: null,
    subscription: null,
    messageId: incomingId("x-cmq-message-id", request.headers["x-cmq-message-id"]),
    requestId: requestIdOf(request),
    publishedAtMs: null,
    body: request.body,
    tags: tagsOf(request),
  };
}

/** Only a log line needs it, so a gateway that drops it does no harm; CMQ does not say that it is a number. */
function requestIdOf(request: IncomingRequest): string | null {
  const value = request.headers["x-cmq-request-id"];
  return value === undefined ? null : incomingName("x-cmq-request-id", fromHeaderValue("x-cmq-request-id", value));
}

function tagsOf(request: IncomingRequest): readonly string[] {
  return splitTags("x-cmq-message-tag", request.headers["x-cmq-message-tag"]);
}

function textOfBody(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new UndecodableError("body: not UTF-8");
  }
}

/** An id that is a bare number has digits that `JSON.parse` would bend; they stand in the text. */
function idIn(text: string, members: Readonly<Record<string, unknown>>, name: string): string {
  const value = members[name];
  if (typeof value !== "number" || Number.isSafeInteger(value)) return incomingId(name, value);
  const span = topLevelMemberSpan(text, name);
  return incomingId(name, span === null ? value : text.slice(span.start, span.end));
}

/** Some write it as text. */
function publishTimeOf(seconds: unknown): number {
  const max = timeMsMax / 1000;
  if (typeof seconds === "string") return incomingDigits("publishTime", seconds, max);
  return incomingInteger("publishTime", seconds, max);
}

function bytesOf(msgBody: unknown): Uint8Array {
  if (msgBody === undefined) throw new UndecodableError("msgBody: missing");
  if (typeof msgBody !== "string") throw new UndecodableError("msgBody: not a string");
  if (!msgBody.isWellFormed()) throw new UndecodableError("msgBody: half a surrogate pair has no bytes in UTF-8");
  return encoder.encode(msgBody);
}

/** The document's own sample answers `ok`. */
function reply(handled: boolean): ReceiverReply {
  return handled
    ? { status: 200, headers: { "content-type": "text/plain" }, body: "ok" }
    : { status: 500, headers: { "content-type": "text/plain" }, body: "not handled" };
}
