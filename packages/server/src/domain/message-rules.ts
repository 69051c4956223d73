/** Checks of a message before it is appended to a topic's log. */

import { RingbackError } from "./errors.ts";
import { assertCount, assertInteger } from "./number-rules.ts";
import { limits } from "./limits.ts";
import type { NewMessage, Topic } from "./model.ts";
import { assertType } from "./type-rules.ts";
import { assertTags } from "./tag-rules.ts";
import { headerTextFault, isLongerThanBytes } from "./text-rules.ts";

/** Lower case only, because the attribute's name becomes part of a header's name. */
const attributeNameForm = /^[a-z][a-z0-9-]*$/;
const contentTypeForm = /^[!-~](?:[ -~]*[!-~])?$/;

/**
 * `field` is the path of the message in the request, such as `messages[3]`; empty when the message is the whole
 * request.
 */
export function assertMessage(message: NewMessage, topic: Pick<Topic, "name" | "settings">, field: string): void {
  const bytes = message.body.length;
  const { bodyBytesMax } = topic.settings;
  if (bytes > bodyBytesMax) {
    const fault = `has ${bytes} bytes; topic "${topic.name}" accepts at most ${bodyBytesMax}`;
    throw RingbackError.at("body_too_large", within(field, "body"), fault);
  }
  if (message.tags.length > 0) assertTags(within(field, "tags"), message.tags);
  if (message.type !== null) assertType(within(field, "type"), message.type);
  if (message.orderingKey !== null) assertOrderingKey(message.orderingKey, within(field, "orderingKey"));
  if (message.contentType !== null) assertContentType(message.contentType, within(field, "contentType"));
  assertAttributes(message.attributes, within(field, "attributes"));
  if (message.delayMs !== 0) {
    assertInteger("invalid_request", within(field, "delayMs"), message.delayMs, 0, limits.delayMsMax);
  }
}

function within(field: string, member: string): string {
  return field === "" ? member : `${field}.${member}`;
}

function assertOrderingKey(key: string, field: string): void {
  const fault = isLongerThanBytes(key, limits.orderingKeyBytesMax)
    ? `must have 1 to ${limits.orderingKeyBytesMax} bytes`
    : headerTextFault(key);
  if (fault !== null) throw RingbackError.at("invalid_request", field, fault);
}

/** Any text that a header can carry; it need not be a valid media type. */
export function isContentType(text: string): boolean {
  return text.length <= limits.contentTypeCharsMax && contentTypeForm.test(text);
}

function assertContentType(contentType: string, field: string): void {
  if (isContentType(contentType)) return;
  const fault = `must have 1 to ${limits.contentTypeCharsMax} printable ASCII characters, without spaces at its ends`;
  throw RingbackError.at("invalid_request", field, fault);
}

function assertAttributes(attributes: NewMessage["attributes"], field: string): void {
  const names = Object.keys(attributes);
  if (names.length === 0) return;
  assertCount("invalid_request", field, names.length, limits.attributesMax, "attributes");
  let bytes = 0;
  for (const name of names) {
    const value = attributes[name] ?? "";
    assertAttributeName(name, field);
    assertAttributeValue(value, `${field}.${name}`);
    bytes += name.length + Buffer.byteLength(value);
  }
  if (bytes > limits.attributesBytesMax) {
    const fault = `have ${bytes} bytes, names and values together; at most ${limits.attributesBytesMax} are allowed`;
    throw RingbackError.at("invalid_request", field, fault);
  }
}

function assertAttributeName(name: string, field: string): void {
  if (name.length <= limits.attributeNameCharsMax && attributeNameForm.test(name)) return;
  const shown = JSON.stringify(name.slice(0, limits.attributeNameCharsMax));
  const lengthRule = `at most ${limits.attributeNameCharsMax} characters`;
  const rule = `must begin with a-z and contain only a-z, 0-9 and "-", ${lengthRule}`;
  throw RingbackError.at("invalid_request", field, `the name ${shown} is not allowed: it ${rule}`);
}

function assertAttributeValue(value: string, field: string): void {
  if (value === "") return;
  const fault = isLongerThanBytes(value, limits.attributeValueBytesMax)
    ? `must have at most ${limits.attributeValueBytesMax} bytes`
    : headerTextFault(value);
  if (fault !== null) throw RingbackError.at("invalid_request", field, fault);
}
