/**
 * CloudEvents 1.0.2 over HTTP, in the two modes with one event per request. `cloudevents` is the structured mode: a
 * JSON object that contains the message. `cloudevents-binary` is the binary mode: the message's own bytes, with the
 * event's attributes in `ce-` headers. Receivers of either dialect accept both modes.
 *
 * `id` is the message's id, `source` is `/topics/<topic>` and `time` is the time of publishing. `type` is the message's
 * type, or `ringback.message` for a message without one. An attribute `ce-<name>` of the message sets the event's
 * attribute or extension `<name>`; other attributes of the message are not sent. Ringback adds these extensions:
 * `ringbacktopic`, `ringbacksubscription`, `ringbackrequestid`, `ringbackattempt`, `ringbacktags`, `ringbackroutingkey`
 * (the message's type) and `ringbackorderingkey`.
 */

import { dataJsonDepthMax, dataOf, eventWithData, isUtf8 } from "./cloudevents-data.ts";
import { fromEventHeader, toEventHeader } from "./cloudevents-header.ts";
import { headerText, headerValueCharsMax } from "./header-text.ts";
import { assertPushRequest, incomingName } from "./incoming-limits.ts";
import { isJsonObject } from "./json-object.ts";
import { parseAround, scanned } from "./json-reader.ts";
import { mediaTypeOf } from "./media-type.ts";
import type { EncodedRequest, IncomingMessage, IncomingRequest, OutgoingDelivery, PushProtocol } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { msOfRfc3339, rfc3339Of } from "./rfc3339.ts";
import { CONTENT_TYPE_UNKNOWN, ringbackHeaders, USER_AGENT } from "./ringback-headers.ts";
import { statusDialect } from "./status-verdict.ts";
import { tagsAsText, tagsFromText } from "./tag-list.ts";
import { incomingUtf8 } from "./text-bytes.ts";
import { incomingAttempt, incomingId, outgoingId, outgoingInteger } from "./wire-number.ts";

const SPEC_VERSION = "1.0";
const STRUCTURED = "application/cloudevents+json";
/** The media types of all event formats begin with this text. The formats for batches do so as well. */
const EVENT_FORMAT = "application/cloudevents";
const BATCH_FORMAT = "application/cloudevents-batch";
const TYPE_DEFAULT = "ringback.message";
/** Prefix of the message's attributes that set event attributes, and of the header names. */
const PREFIX = "ce-";
const OWN = "ringback";

/**
 * The valid names of attributes. The specification recommends at most 20 characters (SHOULD), and other systems may
 * enforce this.
 */
const outgoingName = /^[a-z\d]{1,20}$/;
const incomingAttributeName = /^[a-z\d]{1,64}$/;
/** The most attributes that are read. A message has at most 16 attributes, and Ringback adds seven. */
const incomingAttributesMax = 64;
/**
 * One level more than the data, because the event is an object around the data. The values in the data do not count,
 * because the data is not parsed.
 */
const eventJsonLimits = { depthMax: 1 + dataJsonDepthMax, valuesMax: 1024 };
/**
 * The largest message is 1 MiB. Base64 lengthens the message by a third. Escaped quotes and line breaks double its
 * length at most. The rest is for the event's attributes.
 */
const structuredBytesMax = 2 * 1024 * 1024 + 256 * 1024;
/** The largest Integer of the specification. */
const integerMax = 2 ** 31 - 1;

const shared = {
  ...statusDialect,
  /** Receivers of either dialect accept structured events. */
  bodyBytesMax: structuredBytesMax,
  ownHeaders: [PREFIX],
  decode,
} as const;

export const cloudEvents = {
  ...shared,
  name: "cloudevents",
  encode: encodeStructured,
} as const satisfies PushProtocol;

export const cloudEventsBinary = {
  ...shared,
  name: "cloudevents-binary",
  encode: encodeBinary,
} as const satisfies PushProtocol;

// ---- the sender

function encodeStructured(delivery: OutgoingDelivery): EncodedRequest {
  let event = "{";
  for (const [name, value] of contextOf(delivery)) event += `"${name}":${JSON.stringify(value)},`;
  const contentType = contentTypeOf(delivery);
  event += `"datacontenttype":${JSON.stringify(outgoingText("contentType", contentType))}`;
  return {
    headers: ["Content-Type", STRUCTURED, "User-Agent", USER_AGENT],
    body: eventWithData(event, contentType, delivery.body),
  };
}

function encodeBinary(delivery: OutgoingDelivery): EncodedRequest {
  const contentType = contentTypeOf(delivery);
  if (mediaTypeOf(contentType)?.startsWith(EVENT_FORMAT)) {
    throw new UnencodableError("contentType: an event format, which only cloudevents can carry as data");
  }
  const headers = ringbackHeaders({ contentType });
  for (const [name, value] of contextOf(delivery)) headers.push(PREFIX + name, toEventHeader(String(value)));
  return { headers, body: delivery.body };
}

type Attribute = readonly [name: string, value: string | number];

/** Returns every attribute of the event except the data's content type, which each mode writes in its own way. */
function contextOf(delivery: OutgoingDelivery): readonly Attribute[] {
  const chosen = publisherAttributes(delivery.attributes);
  const topic = outgoingText("topic", delivery.topic);
  const context: Attribute[] = [
    ["specversion", SPEC_VERSION],
    ["id", outgoingId("messageId", delivery.messageId)],
    ["source", chosen.get("source") ?? `/topics/${encodeURIComponent(topic)}`],
    ["type", chosen.get("type") ?? (delivery.type ? outgoingText("type", delivery.type) : TYPE_DEFAULT)],
    ["time", chosen.get("time") ?? timeOf(delivery.publishedAtMs)],
  ];
  for (const attribute of chosen) if (!defaulted.has(attribute[0])) context.push(attribute);
  context.push(
    ["ringbacktopic", topic],
    ["ringbacksubscription", outgoingText("subscription", delivery.subscription)],
    ["ringbackrequestid", outgoingId("requestId", delivery.requestId)],
    ["ringbackattempt", outgoingInteger("attempt", delivery.attempt, integerMax)],
  );
  if (delivery.tags.length > 0) context.push(["ringbacktags", outgoingText("tags", tagsAsText("tags", delivery.tags))]);
  // The specification forbids empty attributes, so an empty type and an empty ordering key are not sent.
  if (delivery.type) context.push(["ringbackroutingkey", outgoingText("type", delivery.type)]);
  if (delivery.orderingKey) context.push(["ringbackorderingkey", outgoingText("orderingKey", delivery.orderingKey)]);
  return context;
}

const defaulted: ReadonlySet<string> = new Set(["source", "type", "time"]);
/** Attributes that Ringback sets itself; the message's attributes must not set them. */
const fixed: ReadonlySet<string> = new Set(["specversion", "id", "datacontenttype", "data"]);

function publisherAttributes(attributes: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const chosen = new Map<string, string>();
  for (const [key, value] of Object.entries(attributes)) {
    if (!key.startsWith(PREFIX)) continue;
    const name = key.slice(PREFIX.length);
    if (!outgoingName.test(name)) {
      throw new UnencodableError(`attributes.${PREFIX}*: the name must be lower-case letters and digits, at most 20`);
    }
    if (fixed.has(name) || name.startsWith(OWN))
      throw new UnencodableError(`attributes.${key}: set by Ringback and not by the publisher`);
    chosen.set(name, outgoingText(`attributes.${key}`, value));
  }
  assertForm("source", (text) => uriReference.test(text), "not a URI reference");
  assertForm("dataschema", (text) => uri.test(text), "not a URI");
  assertForm("time", (text) => msOfRfc3339(text) !== null, "not a time of RFC 3339");
  return chosen;

  function assertForm(name: string, isRight: (text: string) => boolean, fault: string): void {
    const value = chosen.get(name);
    if (value !== undefined && !isRight(value)) throw new UnencodableError(`attributes.${PREFIX}${name}: ${fault}`);
  }
}

/** The characters of a URI reference in RFC 3986. */
const uriReference = /^(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[\da-fA-F]{2})+$/;
const uri = /^[a-zA-Z][a-zA-Z\d+.-]*:(?:[\w.~:/?#[\]@!$&'()*+,;=-]|%[\da-fA-F]{2})*$/;

function timeOf(publishedAtMs: number): string {
  const time = rfc3339Of(outgoingInteger("publishedAtMs", publishedAtMs));
  if (time === null) throw new UnencodableError("publishedAtMs: later than the year 9999, the last in RFC 3339");
  return time;
}

function contentTypeOf({ contentType }: OutgoingDelivery): string {
  return contentType === null || contentType === "" ? CONTENT_TYPE_UNKNOWN : contentType;
}

/** Characters that the specification's String excludes. */
const outsideString = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

function outgoingText(part: string, text: string): string {
  if (text === "") throw new UnencodableError(`${part}: an event's attribute cannot be empty`);
  if (!text.isWellFormed()) throw new UnencodableError(`${part}: half a surrogate pair has no bytes in UTF-8`);
  if (outsideString.test(text)) {
    throw new UnencodableError(`${part}: an event's attribute must not contain control characters or noncharacters`);
  }
  return text;
}

// ---- the receiver

function decode(request: IncomingRequest): IncomingMessage {
  assertPushRequest(request);
  const contentType = headerText(request, "content-type");
  const mediaType = mediaTypeOf(contentType ?? undefined) ?? "";
  if (mediaType.startsWith(BATCH_FORMAT)) {
    throw new UndecodableError("content-type: a batch; only requests with one event are accepted");
  }
  if (!mediaType.startsWith(EVENT_FORMAT)) return decodeBinary(request, contentType);
  if (mediaType !== STRUCTURED) throw new UndecodableError("content-type: JSON is the only accepted event format");
  if (!isUtf8(contentType ?? "")) throw new UndecodableError("content-type: JSON is always UTF-8");
  return decodeStructured(request.body);
}

function decodeBinary(request: IncomingRequest, contentType: string | null): IncomingMessage {
  const context = new Map<string, string>();
  for (const [header, value] of Object.entries(request.headers)) {
    if (value === undefined || !header.startsWith(PREFIX)) continue;
    setAttribute(context, header.slice(PREFIX.length), fromEventHeader(`${PREFIX}*`, value));
  }
  if (context.size === 0)
    throw new UndecodableError(`content-type: not ${STRUCTURED}, and no ${PREFIX}* headers either`);
  return messageOf(cloudEventsBinary.name, context, contentType, request.body);
}

function decodeStructured(body: Uint8Array): IncomingMessage {
  incomingUtf8("body", body);
  const read = scanned(body, eventJsonLimits, true, { depth: 1, names: ["data"] });
  if ("fault" in read) throw new UndecodableError(`body: ${read.fault}`);
  const members = parseAround(body, read.spans);
  if (!isJsonObject(members)) throw new UndecodableError("body: not a JSON object");
  const context = new Map<string, string>();
  for (const [name, value] of Object.entries(members)) {
    if (name === "data" || name === "data_base64" || name === "datacontenttype" || value === null) continue;
    setAttribute(context, name, scalarText(name, value));
  }
  const { datacontenttype = null } = members;
  if (datacontenttype !== null && typeof datacontenttype !== "string") {
    throw new UndecodableError("datacontenttype: not a string");
  }
  if (datacontenttype !== null) incomingText("datacontenttype", datacontenttype);
  const data = dataOf(body, members, read.spans, datacontenttype);
  return messageOf(cloudEvents.name, context, data.contentType, data.body);
}

/** Returns the text of a Boolean, an Integer or a String, which is the same in both modes. */
function scalarText(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || Number.isSafeInteger(value)) return String(value);
  throw new UndecodableError(`${partOf(name)}: neither a string nor a boolean nor an exact integer`);
}

/** The attributes of one event, as text. */
type Context = Map<string, string>;

function setAttribute(context: Context, name: string, text: string): void {
  if (!incomingAttributeName.test(name) || name === "data") {
    throw new UndecodableError("an attribute's name: not lower-case letters and digits, at most 64");
  }
  if (context.size >= incomingAttributesMax) {
    throw new UndecodableError(`attributes: more than ${incomingAttributesMax}`);
  }
  context.set(name, incomingText(name, text));
}

function messageOf(protocol: string, context: Context, contentType: string | null, body: Uint8Array): IncomingMessage {
  /** Removes the attribute. The attributes that remain at the end go into the message's attributes. */
  const take = (name: string): string | undefined => {
    const text = context.get(name);
    context.delete(name);
    return text;
  };
  const version = take("specversion");
  if (version === undefined) throw new UndecodableError("specversion: missing");
  if (version !== SPEC_VERSION) throw new UndecodableError(`specversion: not ${SPEC_VERSION}`);
  // In binary mode Content-Type holds the data's content type, and the specification forbids a header of this name.
  take("datacontenttype");
  const time = take("time");
  const publishedAtMs = time === undefined ? null : msOfRfc3339(time);
  if (time !== undefined && publishedAtMs === null) throw new UndecodableError("time: not a time of RFC 3339");
  const source = required("source", context.get("source"));
  const eventType = required("type", context.get("type"));
  const topic = take("ringbacktopic");
  const subscription = take("ringbacksubscription");
  const requestId = take("ringbackrequestid");
  const attempt = take("ringbackattempt");
  const tags = take("ringbacktags");
  return {
    protocol,
    topicOwner: null,
    // Other senders have no topics. The specification makes an id unique within its source, so the source is the topic.
    topic: topic === undefined ? source : incomingName("ringbacktopic", topic),
    subscription: subscription === undefined ? null : incomingName("ringbacksubscription", subscription),
    messageId: incomingName("id", take("id")),
    requestId: requestId === undefined ? null : incomingId("ringbackrequestid", requestId),
    attempt: attempt === undefined ? null : incomingAttempt("ringbackattempt", attempt, integerMax),
    publishedAtMs,
    body,
    contentType,
    tags: tags === undefined ? [] : tagsFromText("ringbacktags", tags),
    // An event from Ringback without this extension carries a message without a type.
    type: take("ringbackroutingkey") ?? (topic === undefined ? eventType : null),
    orderingKey: take("ringbackorderingkey") ?? null,
    attributes: Object.fromEntries(Array.from(context, ([name, text]) => [PREFIX + name, text])),
  };
}

function required(name: string, text: string | undefined): string {
  if (text === undefined) throw new UndecodableError(`${name}: missing`);
  if (text === "") throw new UndecodableError(`${name}: empty`);
  return text;
}

const controlCharacter = /\p{Cc}/u;

function incomingText(name: string, text: string): string {
  if (text.length > headerValueCharsMax) {
    throw new UndecodableError(`${partOf(name)}: longer than ${headerValueCharsMax} characters`);
  }
  if (controlCharacter.test(text)) throw new UndecodableError(`${partOf(name)}: contains control characters`);
  if (!text.isWellFormed()) throw new UndecodableError(`${partOf(name)}: half a surrogate pair`);
  return text;
}

/**
 * Returns a description of the attribute for error texts. Error texts do not repeat a name that an untrusted sender
 * chose.
 */
function partOf(name: string): string {
  return incomingAttributeName.test(name) ? name : "an attribute";
}
