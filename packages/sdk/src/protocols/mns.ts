/**
 * Alibaba Cloud MNS's push of a topic's message to an HTTP endpoint: one dialect in three formats.
 *
 * The body of `mns-xml` and `mns-json` contains the message's text and metadata, as an XML document or as a JSON
 * object. The body of `mns-simplified` is the message's own bytes, and headers carry the metadata.
 *
 * Alibaba's documentation at help.aliyun.com/document_detail/ has the elements, their order and a sample (27482), the
 * request of `mns-xml` (27498), and the string to sign (27488). The sample's XML is not well-formed, so the XML here
 * follows captured requests of 2017 to 2019; `MessageTag` is omitted for a message without a tag. `mns-simplified`
 * follows captured requests of 2023 (whose signature matches Alibaba's certificate) and 2024: its undocumented headers,
 * its hexadecimal `Content-MD5` and the user agent. No source was found for the content type and the `Content-MD5` of
 * `mns-json`. Here they are plain text and the form documented for XML.
 *
 * MNS signs requests with Alibaba's certificate. Only Alibaba has the private key, so this dialect sends neither
 * `Authorization` nor `x-mns-signing-cert-url`. A receiver of real MNS pushes can verify the signature with {@link
 * mnsStringToSign}.
 */

import { emptyMessage } from "./empty-message.ts";
import { readFlatXml, xmlText } from "./flat-xml.ts";
import { fromHeaderValue, headerBytes, toHeaderValue } from "./header-text.ts";
import {
  assertPushRequest,
  envelopeMembers,
  incomingEnvelopeBytesMax,
  incomingName,
  incomingTextBytes,
} from "./incoming-limits.ts";
import { md5Hex } from "./md5.ts";
import type { EncodedRequest, IncomingMessage, IncomingRequest, OutgoingDelivery, PushProtocol } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { statusDialect } from "./status-verdict.ts";
import { incomingUtf8, outgoingBodyText, utf8Bytes } from "./text-bytes.ts";
import { incomingDigits, incomingIntegerOrDigits, outgoingId, outgoingInteger, timeMsMax } from "./wire-number.ts";

const NAMESPACE = "http://mns.aliyuncs.com/doc/v1/";
const API_VERSION = "2015-06-06";
const USER_AGENT = "Aliyun Notification Service Agent";
const XML = "text/xml;charset=utf-8";
const PLAIN = "text/plain;charset=utf-8";
/** The signature of the original system covers these headers. */
const ownHeaders = ["x-mns-", "date", "content-md5"] as const;

const shared = { ...statusDialect, retryDefault: "EXPONENTIAL_DECAY_RETRY" } as const;

/**
 * MNS's FAQ counts 2xx as success, its page about retries counts 200 to 399. Here only 2xx is success: a redirect is
 * not followed, so nobody received the message, and receivers written for MNS answer 204. MNS does not document 410 and
 * `Retry-After`, so they have the meaning of HTTP. For the answer, MNS documents 204 for success and 500 for every
 * failure.
 */
export const mnsXml = {
  ...shared,
  name: "mns-xml",
  ownHeaders,
  bodyBytesMax: incomingEnvelopeBytesMax,
  encode: (delivery) => requestWith(delivery, XML, xmlOf(fieldsOf(delivery))),
  decode(request) {
    assertUnchanged(request);
    const elements = readFlatXml(incomingUtf8("body", request.body), "Notification", NAMESPACE);
    return messageOf("mns-xml", request, (name) => elements.get(name));
  },
} as const satisfies PushProtocol;

export const mnsJson = {
  ...shared,
  name: "mns-json",
  ownHeaders,
  bodyBytesMax: incomingEnvelopeBytesMax,
  encode: (delivery) => requestWith(delivery, PLAIN, JSON.stringify(Object.fromEntries(fieldsOf(delivery)))),
  decode(request) {
    assertUnchanged(request);
    const members = envelopeMembers(request.body);
    return messageOf("mns-json", request, (name) => members[name]);
  },
} as const satisfies PushProtocol;

export const mnsSimplified = {
  ...shared,
  name: "mns-simplified",
  ownHeaders,
  encode: encodeSimplified,
  decode: decodeSimplified,
} as const satisfies PushProtocol;

// ---- the sender

/** Names and values in the order of the body. */
type Fields = readonly (readonly [name: string, value: string])[];

/**
 * The fields of the body. `Subscriber` is the account that owns the topic, because Ringback's subscriptions have no
 * account of their own.
 */
function fieldsOf(delivery: OutgoingDelivery): Fields {
  const account = accountOf(delivery);
  const tag = tagOf(delivery);
  return [
    ["TopicOwner", account],
    ["TopicName", delivery.topic],
    ["Subscriber", account],
    ["SubscriptionName", delivery.subscription],
    ["MessageId", outgoingId("messageId", delivery.messageId)],
    ["Message", outgoingBodyText(delivery.body, "mns-simplified")],
    ["MessageMD5", md5Hex(delivery.body).toUpperCase()],
    ...(tag === null ? [] : [["MessageTag", tag] as const]),
    ["PublishTime", publishTimeOf(delivery)],
  ];
}

function xmlOf(fields: Fields): string {
  const elements = fields.map(([name, value]) => `  <${name}>${xmlText(name, value)}</${name}>\n`).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Notification xmlns="${NAMESPACE}">\n${elements}</Notification>`;
}

function requestWith(delivery: OutgoingDelivery, contentType: string, text: string): EncodedRequest {
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
  const headers = ["Date", dateOf(delivery.sentAtMs), "Content-Type", contentType, "Content-MD5", contentMd5];
  headers.push("User-Agent", USER_AGENT, "x-mns-request-id", outgoingId("requestId", delivery.requestId));
  headers.push("x-mns-version", API_VERSION);
  return headers;
}

function accountOf(delivery: OutgoingDelivery): string {
  return String(outgoingInteger("topicOwner", delivery.topicOwner));
}

function publishTimeOf(delivery: OutgoingDelivery): string {
  return String(outgoingInteger("publishedAtMs", delivery.publishedAtMs));
}

function dateOf(sentAtMs: number): string {
  if (outgoingInteger("sentAtMs", sentAtMs) > timeMsMax)
    throw new UnencodableError("sentAtMs: later than the latest date");
  return new Date(sentAtMs).toUTCString();
}

/**
 * A message in MNS has at most one tag, by which receivers filter. A message with several tags is rejected. A joined
 * tag would be a tag that nobody set, and sending only one tag would lose the others silently. All three formats have
 * this rule.
 */
function tagOf({ tags }: OutgoingDelivery): string | null {
  const [tag] = tags;
  if (tag === undefined) return null;
  if (tags.length > 1) throw new UnencodableError("tags: MNS can carry only one; use raw or cmq-json for several");
  if (tag === "") throw new UnencodableError("tags: an empty tag would arrive as none");
  toHeaderValue("tags", tag);
  return tag;
}

// ---- the receiver

/**
 * Builds the message from its fields. `Subscriber` is not required. Unknown members are ignored, since MNS may add
 * members (it once sent `SigningCertURL`).
 */
function messageOf(protocol: string, request: IncomingRequest, field: (name: string) => unknown): IncomingMessage {
  const body = incomingTextBytes("Message", field("Message"));
  const claimed = field("MessageMD5");
  if (claimed === undefined) throw new UndecodableError("MessageMD5: missing");
  if (typeof claimed !== "string" || claimed.toLowerCase() !== md5Hex(body)) {
    throw new UndecodableError("MessageMD5: not the MD5 of the message");
  }
  return {
    ...emptyMessage,
    protocol,
    topicOwner: incomingName("TopicOwner", field("TopicOwner")),
    topic: incomingName("TopicName", field("TopicName")),
    subscription: incomingName("SubscriptionName", field("SubscriptionName")),
    messageId: incomingName("MessageId", field("MessageId")),
    requestId: headerName(request, "x-mns-request-id"),
    // MNS documents text. Newer versions have sent a JSON number.
    publishedAtMs: incomingIntegerOrDigits("PublishTime", field("PublishTime"), timeMsMax),
    body,
    tags: tagList("MessageTag", field("MessageTag")),
  };
}

function decodeSimplified(request: IncomingRequest): IncomingMessage {
  assertUnchanged(request);
  const publishTime = request.headers["x-mns-publish-time"];
  return {
    ...emptyMessage,
    protocol: mnsSimplified.name,
    // These four headers are not documented, so they are optional.
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

/** Returns the header as a name. An empty header is treated like a missing one. */
function headerName(request: IncomingRequest, name: string): string | null {
  const value = request.headers[name];
  return value === undefined || value === "" ? null : incomingName(name, fromHeaderValue(name, value));
}

function tagList(part: string, tag: unknown): readonly string[] {
  return tag === undefined || tag === "" ? [] : [incomingName(part, tag)];
}

function assertUnchanged(request: IncomingRequest): void {
  assertPushRequest(request);
  assertContentMd5(request);
}

/**
 * Compares the header with the body. MNS's signature covers the body only through this header. MNS documents the Base64
 * of the hexadecimal digits, but has also sent the digits themselves. RFC 1864, which defines the header, requires the
 * Base64 of the digest. All three forms are accepted.
 */
function assertContentMd5(request: IncomingRequest): void {
  const claimed = request.headers["content-md5"];
  if (claimed === undefined) return;
  const digits = md5Hex(request.body);
  const digest = digits.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  const forms = [digits, digits.toUpperCase(), btoa(digits), btoa(digits.toUpperCase()), btoa(digest)];
  if (!forms.includes(claimed)) throw new UndecodableError("content-md5: not the MD5 of the body");
}

/**
 * Returns the bytes that MNS signed for this push; `path` is the path and the query of the request. Throws {@link
 * UndecodableError} for header characters that are not bytes.
 *
 * `Authorization` contains the Base64 of the signature (RSASSA-PKCS1-v1_5 with SHA-1) of these bytes.
 * `x-mns-signing-cert-url` contains the Base64 of the certificate's URL. A program that verifies the signature must
 * also fetch certificates only from Alibaba (URLs that begin with `https://mnstest.oss-cn-hangzhou.aliyuncs.com/` or
 * `https://mns-cert.oss-cn-{region}.aliyuncs.com/`), reject a `Date` more than 15 minutes away, and reject a push
 * without `Content-MD5`, since the signature covers the body only through that header. Decoding the push compares
 * `Content-MD5` with the body. The answer to a rejected push is 403.
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
  return headerBytes("headers", lines.join("\n"));
}
