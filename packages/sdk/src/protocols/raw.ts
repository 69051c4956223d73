/**
 * Ringback's own push dialect: the message's bytes with their content type, and everything else in headers.
 *
 * Header values are UTF-8. `ringback-published-at` is Unix time in milliseconds, `ringback-attempt` counts from 1,
 * `ringback-tags` is joined with a comma and a space, and each attribute has a header `ringback-attribute-<name>`.
 */

import { fromHeaderValue, headerText, toHeaderValue } from "./header-text.ts";
import { assertPushRequest, incomingName } from "./incoming-limits.ts";
import type { EncodedRequest, IncomingMessage, IncomingRequest, OutgoingDelivery, PushProtocol } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { ringbackHeaders } from "./ringback-headers.ts";
import { statusDialect } from "./status-verdict.ts";
import { joinTags, splitTags } from "./tag-list.ts";
import { incomingAttempt, incomingDigits, incomingId, outgoingId, outgoingInteger, timeMsMax } from "./wire-number.ts";

const ATTRIBUTE = "ringback-attribute-";
/** The valid names of attributes. Upper case is not allowed, because header names do not keep their case. */
const attributeName = /^[a-z][a-z0-9-]{0,63}$/;
/** The most attributes that are read. A message from Ringback has at most 16. */
const incomingAttributesMax = 64;

export const raw = { ...statusDialect, name: "raw", encode, decode } as const satisfies PushProtocol;

function encode(delivery: OutgoingDelivery): EncodedRequest {
  const { tags, type, orderingKey } = delivery;
  const headers = ringbackHeaders(delivery);
  headers.push("ringback-message-id", outgoingId("messageId", delivery.messageId));
  headers.push("ringback-topic", toHeaderValue("topic", delivery.topic));
  headers.push("ringback-subscription", toHeaderValue("subscription", delivery.subscription));
  headers.push("ringback-request-id", outgoingId("requestId", delivery.requestId));
  headers.push("ringback-attempt", String(outgoingInteger("attempt", delivery.attempt)));
  headers.push("ringback-published-at", String(outgoingInteger("publishedAtMs", delivery.publishedAtMs)));
  if (tags.length > 0) headers.push("ringback-tags", joinTags("tags", tags));
  if (type !== null) headers.push("ringback-type", toHeaderValue("type", type));
  if (orderingKey !== null) headers.push("ringback-ordering-key", toHeaderValue("orderingKey", orderingKey));
  for (const [name, value] of Object.entries(delivery.attributes)) {
    if (!attributeName.test(name)) {
      throw new UnencodableError("attributes: a name must be lower-case letters, digits and hyphens, at most 64");
    }
    headers.push(ATTRIBUTE + name, toHeaderValue(`attributes.${name}`, value));
  }
  return { headers, body: delivery.body };
}

function decode(request: IncomingRequest): IncomingMessage {
  assertPushRequest(request);
  const { headers } = request;
  return {
    protocol: raw.name,
    topicOwner: null,
    topic: nameOf(request, "ringback-topic"),
    subscription: nameOf(request, "ringback-subscription"),
    messageId: incomingId("ringback-message-id", headers["ringback-message-id"]),
    requestId: incomingId("ringback-request-id", headers["ringback-request-id"]),
    attempt: incomingAttempt("ringback-attempt", headers["ringback-attempt"], Number.MAX_SAFE_INTEGER),
    publishedAtMs: incomingDigits("ringback-published-at", headers["ringback-published-at"], timeMsMax),
    body: request.body,
    contentType: headerText(request, "content-type"),
    tags: splitTags("ringback-tags", headers["ringback-tags"]),
    type: headerText(request, "ringback-type"),
    orderingKey: headerText(request, "ringback-ordering-key"),
    attributes: attributesOf(request),
  };
}

function nameOf(request: IncomingRequest, header: string): string {
  return incomingName(header, headerText(request, header) ?? undefined);
}

function attributesOf(request: IncomingRequest): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = {};
  let count = 0;
  for (const [header, value] of Object.entries(request.headers)) {
    if (value === undefined || !header.startsWith(ATTRIBUTE)) continue;
    const name = header.slice(ATTRIBUTE.length);
    if (!attributeName.test(name)) throw new UndecodableError(`${ATTRIBUTE}*: not an attribute's name`);
    if (++count > incomingAttributesMax) {
      throw new UndecodableError(`${ATTRIBUTE}*: more than ${incomingAttributesMax} attributes`);
    }
    attributes[name] = fromHeaderValue(header, value);
  }
  return attributes;
}
