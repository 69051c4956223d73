import type { NewMessage } from "../../domain/model.ts";
import type { AppendRequest } from "../log.ts";
import { attributesText, requestText } from "../record-rows.ts";
import { messageBytes } from "./message-bytes.ts";
import type { AppendGroup } from "./operations/append.ts";
import type { Moment } from "../../domain/ports.ts";

/** The memory that a request uses while it waits. */
export function appendBytes(request: AppendRequest): number {
  let bytes = 0;
  for (const message of request.messages) bytes += messageBytes(message);
  return bytes;
}

export function toAppendGroup(requests: readonly AppendRequest[], times: Moment): AppendGroup {
  const messages: NewMessage[] = [];
  let bytes = 0;
  for (const request of requests) {
    for (const message of request.messages) {
      messages.push(message);
      bytes += message.body.byteLength;
    }
  }
  const bodies = new Uint8Array(bytes);
  let offset = 0;
  for (const message of messages) {
    bodies.set(message.body, offset);
    offset += message.body.byteLength;
  }
  const keyed = requests.some((request) => request.idempotency !== null);
  return {
    ...times,
    topicIds: requests.map((request) => request.topicId),
    counts: requests.map((request) => request.messages.length),
    keys: keyed ? requests.map((request) => request.idempotency?.key ?? null) : null,
    fingerprints: keyed ? requests.map((request) => request.idempotency?.fingerprint ?? null) : null,
    bodies,
    lengths: messages.map((message) => message.body.byteLength),
    delaysMs: messages.some((message) => message.delayMs > 0) ? messages.map((message) => message.delayMs) : null,
    contentTypes: column(messages, (message) => message.contentType),
    tags: column(messages, (message) => (message.tags.length === 0 ? null : JSON.stringify(message.tags))),
    types: column(messages, (message) => message.type),
    orderingKeys: column(messages, (message) => message.orderingKey),
    attributes: column(messages, attributesText),
    requests: column(messages, requestText),
  };
}

/** Returns null when no message has a value. */
function column(
  messages: readonly NewMessage[],
  value: (message: NewMessage) => string | null,
): (string | null)[] | null {
  let used = false;
  const values = messages.map((message) => {
    const text = value(message);
    if (text !== null) used = true;
    return text;
  });
  return used ? values : null;
}
