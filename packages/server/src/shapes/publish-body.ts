import { setImmediate as otherWork } from "node:timers/promises";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { NewMessage } from "../domain/model.ts";
import { unescaped } from "./json-text.ts";
import { batchBody, publishBody, type PublishBody } from "./message.ts";
import type { PartlyParsed } from "../http/json-body.ts";
import { shapeReader } from "./shape-check.ts";

/** Converts a JSON publish request to messages. The engine checks the limits of a message. */

const readPublishBody = shapeReader(publishBody);
const readBatchBody = shapeReader(batchBody);

const textContentType = "text/plain; charset=utf-8";
const jsonContentType = "application/json";

/** The members that are not parsed: the bodies of messages. */
export const bodyOfMessage = { depth: 1, names: ["body"], textNames: ["bodyBase64"] };
export const bodiesOfBatch = { ...bodyOfMessage, depth: 3 };

export function messageOf(json: PartlyParsed): NewMessage {
  return toMessage(readPublishBody(json.value), "", json);
}

/** Bytes of message bodies that are converted at once: about 5 ms. Then the server does other work. */
const convertedBytesMax = 1024 * 1024;

export async function messagesOf(json: PartlyParsed): Promise<NewMessage[]> {
  const given = readBatchBody(json.value).messages;
  if (given.length === 0) throw RingbackError.at("empty_batch", "messages", "must hold at least one message");
  if (given.length > limits.batchMessagesMax) {
    const fault = `holds ${given.length} messages; at most ${limits.batchMessagesMax} are allowed`;
    throw RingbackError.at("batch_too_large", "messages", fault);
  }
  const messages: NewMessage[] = [];
  let bytes = 0;
  for (const [i, one] of given.entries()) {
    const message = toMessage(one, `messages[${i}].`, json);
    messages.push(message);
    bytes += message.body.length;
    if (bytes < convertedBytesMax) continue;
    await otherWork();
    bytes = 0;
  }
  return messages;
}

/** `prefix`: the path of the message in the request, such as `messages[3].`. */
export function toMessage(given: PublishBody, prefix: string, json: PartlyParsed): NewMessage {
  return {
    ...contentOf(given, prefix, json),
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
  { bytes, spans }: PartlyParsed,
): Pick<NewMessage, "body" | "contentType"> {
  // A `body` of null counts as given. The message is then the JSON value null.
  if ((body === undefined) === (bodyBase64 === undefined)) {
    throw RingbackError.at("invalid_request", `${prefix}body`, 'give exactly one of "body" and "bodyBase64"');
  }
  const span = spans[Number(body ?? bodyBase64)];
  if (span === undefined) throw new Error("the scan found no body where the parser found one");
  const written = bytes.subarray(span.start, span.end);
  if (bodyBase64 !== undefined) {
    return { body: fromBase64(written, `${prefix}bodyBase64`), contentType: contentType ?? null };
  }
  if (written[0] !== QUOTE) return { body: ownBytes(written), contentType: contentType ?? jsonContentType };
  return { body: textBytes(written, `${prefix}body`), contentType: contentType ?? textContentType };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Returns the UTF-8 of a JSON string. Without escapes, these are the bytes between the quotes. */
function textBytes(written: Uint8Array, field: string): Uint8Array {
  if (!written.includes(BACKSLASH)) return ownBytes(written.subarray(1, -1));
  const bytes = unescaped(written, limits.bodyBytesMax);
  if (bytes === "too long")
    throw RingbackError.at("body_too_large", field, `has more than ${limits.bodyBytesMax} bytes`);
  if (bytes !== "half a pair") return bytes;
  const fault = "contains half of a surrogate pair, which UTF-8 cannot encode; send such bytes as bodyBase64";
  throw RingbackError.at("invalid_request", field, fault);
}

/** The longest base64 of a message. */
const base64CharsMax = 4 * Math.ceil(limits.bodyBytesMax / 3);

/**
 * Buffer.from silently skips characters that are not base64. So a text is accepted only if encoding the decoded bytes
 * gives the same text.
 */
function fromBase64(written: Uint8Array, field: string): Buffer {
  const ascii = unescaped(written, base64CharsMax);
  if (ascii === "too long")
    throw RingbackError.at("body_too_large", field, `has more than ${limits.bodyBytesMax} bytes`);
  const text = typeof ascii === "string" ? "*" : ascii.toString("latin1");
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") === text) return bytes;
  const fault = "must be base64 in the standard alphabet, with padding and without spaces";
  throw RingbackError.at("invalid_request", field, fault);
}

/** Copies a part that is much smaller than its request, because the part would keep the whole request in memory. */
function ownBytes(part: Uint8Array): Uint8Array {
  return 2 * part.byteLength < part.buffer.byteLength ? Buffer.from(part) : part;
}
