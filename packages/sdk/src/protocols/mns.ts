/**
 * Alibaba Cloud MNS's push of a topic's message to an HTTP endpoint: one dialect in three formats.
 *
 * `mns-xml`, `mns-json`: the message's text and its particulars, as an XML document or a JSON object.
 * `mns-simplified`: the message's own bytes, the particulars in headers.
 *
 * From Alibaba's documentation: the elements, their order and their sample (help.aliyun.com/document_detail/27482), the
 * request of `mns-xml` (27498), the string to sign (27488). The sample's XML is not well-formed; here it is as MNS was
 * seen to send it (captures of 2017 to 2019), with `MessageTag` left out when there is no tag. The headers of
 * `mns-simplified` beyond the documented ones, its hexadecimal `Content-MD5` and the user agent are those of captures of
 * 2023, with a signature that fits Alibaba's certificate, and of 2024. No document and no capture was found that shows
 * the content type and the `Content-MD5` of `mns-json`: here they are plain text and the form documented for XML.
 *
 * MNS signs with a certificate of Alibaba's. Nobody else can, so nothing here sends `Authorization` nor
 * `x-mns-signing-cert-url`; to check those of a real push there is {@link mnsStringToSign}.
 */

import { emptyMessage } from "./empty-message.ts";
import { readFlatXml, xmlText } from "./flat-xml.ts";
import { fromHeaderValue, toHeaderValue } from "./header-text.ts";
import {
  assertPushRequest,
  envelopeMembers,
  incomingEnvelopeBytesMax,
  incomingName,
  incomingTextBytes,
} from "./incoming-limits.ts";
import { md5Hex } from "./md5.ts";
import type { EncodedRequest, IncomingMessage, IncomingRequest } from "./protocol.ts";
import type { OutgoingDelivery, PushProtocol } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { statusReply, verdictOfReply } from "./status-verdict.ts";
import { utf8Bytes, utf8Text } from "./text-bytes.ts";
import { incomingDigits, incomingIntegerOrDigits, outgoingId, outgoingInteger, timeMsMax } from "./wire-number.ts";

const NAMESPACE = "http://mns.aliyuncs.com/doc/v1/";
const API_VERSION = "2015-06-06";
const USER_AGENT = "Aliyun Notification Service Agent";
const XML = "text/xml;charset=utf-8";
const PLAIN = "text/plain;charset=utf-8";

/**
 * MNS's FAQ takes 2xx for success, its page on push back-off everything from 200 to 399. It is 2xx here: nobody has the
 * message after a redirect, since none is followed, and a receiver that was written for MNS answers 204. MNS says nothing
 * of 410 and `Retry-After`, so they mean what HTTP says.
 */
const interpret = verdictOfReply;

export const mnsXml = {
  name: "mns-xml",
  keys: "none",
  bodyBytesMax: incomingEnvelopeBytesMax,
  encode: (delivery: OutgoingDelivery) => withParticulars(delivery, XML, xmlOf(particularsOf(delivery))),
  interpret,
  decode: decodeXml,
  // As MNS documents it: 204, or 500 for every failure.
  reply: statusReply,
} as const satisfies PushProtocol;

export const mnsJson = {
  name: "mns-json",
  keys: "none",
  bodyBytesMax: incomingEnvelopeBytesMax,
  encode: (delivery: OutgoingDelivery) => withParticulars(delivery, PLAIN, jsonOf(particularsOf(delivery))),
  interpret,
  decode: decodeJson,
  reply: statusReply,
} as const satisfies PushProtocol;

export const mnsSimplified = {
  name: "mns-simplified",
  keys: "none",
  encode: encodeSimplified,
  interpret,
  decode: decodeSimplified,
  reply: statusReply,
} as const satisfies PushProtocol;

// ---- the sender

/** Name and value, in the order in which they stand in the body. */
type Particulars = readonly (readonly [name: string, value: string])[];

/** The subscriber is the account that owns the topic: Ringback's subscriptions have no account of their own. */
function particularsOf(delivery: OutgoingDelivery): Particulars {
  const account = accountOf(delivery);
  const tag = tagOf(delivery);
  return [
    ["TopicOwner", account],
    ["TopicName", delivery.topic],
    ["Subscriber", account],
    ["SubscriptionName", delivery.subscription],
    ["MessageId", outgoingId("messageId", delivery.messageId)],
    ["Message", textOf(delivery.body)],
    ["MessageMD5", md5Hex(delivery.body).toUpperCase()],
    ...(tag === null ? [] : [["MessageTag", tag] as const]),
    ["PublishTime", publishTimeOf(delivery)],
  ];
}

function xmlOf(particulars: Particulars): string {
  const elements = particulars.map(([name, value]) => `  <${name}>${xmlText(name, value)}</${name}>\n`).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Notification xmlns="${NAMESPACE}">\n${elements}</Notification>`;
}

function jsonOf(particulars: Particulars): string {
  return JSON.stringify(Object.fromEntries(particulars));
}

function withParticulars(delivery: OutgoingDelivery, contentType: string, text: string): EncodedRequest {
  const body = utf8Bytes(text);
  return { headers: headersOf(delivery, contentType, btoa(md5Hex(body))), body };
}

function encodeSimplified(delivery: OutgoingDelivery): EncodedRequest {
  const { body } = delivery;
  const account = accountOf(delivery);
  const headers = headersOf(delivery, PLAIN, md5Hex(body).toUpperCase());
  headers.push("x-mns-message-id", outgoingId("messageId", delivery.messageId));
  const tag = tagOf(delivery);
  if (tag !== null) headers.push("x-mns-message-tag", toHeaderValue("tags", tag));
  headers.push("x-mns-topic-owner", account, "x-mns-topic-name", toHeaderValue("topic", delivery.topic));
  headers.push("x-mns-subscriber", account);
  headers.push("x-mns-subscription-name", toHeaderValue("subscription", delivery.subscription));
  headers.push("x-mns-publish-time", publishTimeOf(delivery));
  return { headers, body };
}

function headersOf(delivery: OutgoingDelivery, contentType: string, contentMd5: string): string[] {
  return [
    "Date",
    dateOf(delivery.sentAtMs),
    "Content-Type",
    contentType,
    "Content-MD5",
    contentMd5,
    "User-Agent",
    USER_AGENT,
    "x-mns-request-id",
    outgoingId("requestId", delivery.requestId),
    "x-mns-version",
    API_VERSION,
  ];
}

function accountOf(delivery: OutgoingDelivery): string {
  return String(outgoingInteger("topicOwner", delivery.topicOwner));
}

function publishTimeOf(delivery: OutgoingDelivery): string {
  return String(outgoingInteger("publishedAtMs", delivery.publishedAtMs));
}

function dateOf(sentAtMs: number): string {
  if (outgoingInteger("sentAtMs", sentAtMs) > timeMsMax) throw new UnencodableError("sentAtMs: past every date");
  return new Date(sentAtMs).toUTCString();
}

/**
 * A message of MNS has one tag or none, and receivers go by it. Several are refused: joined they would be a tag that
 * nobody set, and to send one of them would lose the others without a word. What one format can carry, all can.
 */
function tagOf({ tags }: OutgoingDelivery): string | null {
  const [tag] = tags;
  if (tag === undefined) return null;
  if (tags.length > 1) throw new UnencodableError("tags: MNS carries one; use raw or cmq-json for several");
  if (tag === "") throw new UnencodableError("tags: an empty tag would arrive as none");
  toHeaderValue("tags", tag);
  return tag;
}

function textOf(body: Uint8Array): string {
  const text = utf8Text(body);
  if (text !== null) return text;
  throw new UnencodableError("body: not valid UTF-8, which would have to be changed; use mns-simplified or raw");
}

// ---- the receiver

function decodeXml(request: IncomingRequest): IncomingMessage {
  const text = incomingText(request);
  const elements = readFlatXml(text, "Notification", NAMESPACE);
  return messageOf(mnsXml.name, request, (name) => elements.get(name));
}

function decodeJson(request: IncomingRequest): IncomingMessage {
  const members = envelopeMembers(incomingText(request));
  return messageOf(mnsJson.name, request, (name) => members[name]);
}

/** `Subscriber` is not asked for, nor is anything that MNS may add (it once sent `SigningCertURL`). */
function messageOf(protocol: string, request: IncomingRequest, particular: (name: string) => unknown): IncomingMessage {
  const body = incomingTextBytes("Message", particular("Message"));
  assertMessageMd5(body, particular("MessageMD5"));
  return {
    ...emptyMessage,
    protocol,
    topicOwner: incomingName("TopicOwner", particular("TopicOwner")),
    topic: incomingName("TopicName", particular("TopicName")),
    subscription: incomingName("SubscriptionName", particular("SubscriptionName")),
    messageId: incomingName("MessageId", particular("MessageId")),
    requestId: headerName(request, "x-mns-request-id"),
    // Documented as text; newer MNS has been seen to send a JSON number.
    publishedAtMs: incomingIntegerOrDigits("PublishTime", particular("PublishTime"), timeMsMax),
    body,
    tags: tagList("MessageTag", particular("MessageTag")),
  };
}

function decodeSimplified(request: IncomingRequest): IncomingMessage {
  assertPushRequest(request);
  assertContentMd5(request);
  const publishTime = request.headers["x-mns-publish-time"];
  return {
    ...emptyMessage,
    protocol: mnsSimplified.name,
    // These four are not documented, so a receiver must do without.
    topicOwner: headerName(request, "x-mns-topic-owner"),
    topic: headerName(request, "x-mns-topic-name"),
    subscription: headerName(request, "x-mns-subscription-name"),
    publishedAtMs: publishTime === undefined ? null : incomingDigits("x-mns-publish-time", publishTime, timeMsMax),
    messageId: incomingName("x-mns-message-id", headerName(request, "x-mns-message-id") ?? undefined),
    requestId: headerName(request, "x-mns-request-id"),
    body: request.body,
    tags: tagList("x-mns-message-tag", headerName(request, "x-mns-message-tag") ?? undefined),
  };
}

/** A header without a value says as much as none. */
function headerName(request: IncomingRequest, name: string): string | null {
  const value = request.headers[name];
  return value === undefined || value === "" ? null : incomingName(name, fromHeaderValue(name, value));
}

function tagList(part: string, tag: unknown): readonly string[] {
  return tag === undefined || tag === "" ? [] : [incomingName(part, tag)];
}

function incomingText(request: IncomingRequest): string {
  assertPushRequest(request);
  assertContentMd5(request);
  const text = utf8Text(request.body);
  if (text === null) throw new UndecodableError("body: not UTF-8");
  return text;
}

function assertMessageMd5(body: Uint8Array, claimed: unknown): void {
  if (claimed === undefined) throw new UndecodableError("MessageMD5: missing");
  if (typeof claimed !== "string" || claimed.toLowerCase() !== md5Hex(body)) {
    throw new UndecodableError("MessageMD5: not that of the message");
  }
}

/**
 * Only through this header does MNS's signature cover the body. MNS documents the Base64 of the hexadecimal digits and has
 * been seen to send the digits themselves; RFC 1864, which names the header, has the Base64 of the digest.
 */
function assertContentMd5(request: IncomingRequest): void {
  const claimed = request.headers["content-md5"];
  if (claimed === undefined) return;
  const digits = md5Hex(request.body);
  const digest = digits.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  const forms = [digits, digits.toUpperCase(), btoa(digits), btoa(digits.toUpperCase()), btoa(digest)];
  if (!forms.includes(claimed)) throw new UndecodableError("content-md5: not that of the body");
}

/**
 * The bytes that MNS signed when it sent this push; `path` is the path and the query that were asked for. Throws
 * {@link UndecodableError} for characters that are no bytes.
 *
 * `Authorization` holds the Base64 of their signature by RSASSA-PKCS1-v1_5 with SHA-1, `x-mns-signing-cert-url` the
 * Base64 of the certificate's URL. A program that relies on it has four things to do besides: fetch a certificate only
 * from Alibaba (the URL begins with `https://mnstest.oss-cn-hangzhou.aliyuncs.com/` or with
 * `https://mns-cert.oss-cn-{region}.aliyuncs.com/`), refuse a `Date` more than 15 minutes off, refuse a push without
 * `Content-MD5`, since the signature covers the body through that header alone, and decode the push, which compares the
 * two. To what it refuses it answers 403.
 */
export function mnsStringToSign(
  request: Pick<IncomingRequest, "method" | "headers">,
  path: string,
): Uint8Array<ArrayBuffer> {
  const { headers } = request;
  const lines = [request.method];
  for (const name of ["content-md5", "content-type", "date"]) lines.push(headers[name] ?? "");
  const names = Object.keys(headers).filter((name) => name.startsWith("x-mns-") && headers[name] !== undefined);
  for (const name of names.sort()) lines.push(`${name}:${headers[name] ?? ""}`);
  lines.push(path);
  return Uint8Array.from(lines.join("\n"), (character) => {
    const byte = character.charCodeAt(0);
    if (character.length > 1 || byte > 0xff) throw new UndecodableError("headers: hold characters that are no bytes");
    return byte;
  });
}
