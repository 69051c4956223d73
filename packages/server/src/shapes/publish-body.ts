import { arrayMemberSpans, topLevelMemberSpan, type Span } from "@ringback/sdk/protocols";

import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { NewMessage } from "../domain/model.ts";
import { batchBody, publishBody, type PublishBody } from "./message.ts";
import type { JsonBody } from "../http/json-body.ts";
import { shapeReader } from "./shape-check.ts";

/** Converts a JSON publish request to messages. The engine checks the limits of a message. */

const readPublishBody = shapeReader(publishBody);
const readBatchBody = shapeReader(batchBody);

const textContentType = "text/plain; charset=utf-8";
const jsonContentType = "application/json";

export function messageOf(json: JsonBody): NewMessage {
  const given = readPublishBody(json.value);
  return toMessage(given, "", () => sourceText(json.text, topLevelMemberSpan(json.text, "body")));
}

export function messagesOf(json: JsonBody): NewMessage[] {
  const { messages } = readBatchBody(json.value);
  if (messages.length === 0) throw RingbackError.at("empty_batch", "messages", "must hold at least one message");
  if (messages.length > limits.batchMessagesMax) {
    const fault = `holds ${messages.length} messages; at most ${limits.batchMessagesMax} are allowed`;
    throw RingbackError.at("batch_too_large", "messages", fault);
  }
  // The positions of the bodies in the text are computed once, and only if a message needs them.
  let spans: readonly (Span | null)[] | null = null;
  const spanOf = (i: number): Span | null => (spans ??= arrayMemberSpans(json.text, "messages", "body"))[i] ?? null;
  return messages.map((given, i) => toMessage(given, `messages[${i}].`, () => sourceText(json.text, spanOf(i))));
}

function toMessage(given: PublishBody, prefix: string, source: () => Buffer): NewMessage {
  return {
    ...contentOf(given, prefix, source),
    tags: given.tags ?? [],
    type: given.type ?? null,
    orderingKey: given.orderingKey ?? null,
    attributes: given.attributes ?? {},
    delayMs: given.delayMs ?? 0,
  };
}

function contentOf(
  { body, bodyBase64, contentType }: PublishBody,
  prefix: string,
  source: () => Buffer,
): Pick<NewMessage, "body" | "contentType"> {
  // A `body` of null counts as given. The message is then the JSON value null.
  if ((body === undefined) === (bodyBase64 === undefined)) {
    throw RingbackError.at("invalid_request", `${prefix}body`, 'give exactly one of "body" and "bodyBase64"');
  }
  if (bodyBase64 !== undefined) {
    return { body: fromBase64(bodyBase64, `${prefix}bodyBase64`), contentType: contentType ?? null };
  }
  if (typeof body !== "string") return { body: source(), contentType: contentType ?? jsonContentType };
  if (!body.isWellFormed()) {
    const fault = "contains half of a surrogate pair, which UTF-8 cannot encode; send such bytes as bodyBase64";
    throw RingbackError.at("invalid_request", `${prefix}body`, fault);
  }
  return { body: Buffer.from(body), contentType: contentType ?? textContentType };
}

/**
 * Buffer.from silently skips characters that are not base64. So a text is accepted only if encoding the decoded bytes
 * gives the same text.
 */
function fromBase64(text: string, field: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") === text) return bytes;
  const fault = "must be base64 in the standard alphabet, with padding and without spaces";
  throw RingbackError.at("invalid_request", field, fault);
}

function sourceText(text: string, span: Span | null): Buffer {
  if (span === null) throw new Error("a member that JSON.parse found has no place in the text");
  return Buffer.from(text.slice(span.start, span.end));
}
