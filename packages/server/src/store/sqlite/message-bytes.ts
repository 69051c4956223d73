import type { NewMessage } from "../../domain/model.ts";

/**
 * Memory that a message uses in addition to its texts and its body: objects, map entries, and unused heap around them.
 * A measured value.
 */
const OVERHEAD_BYTES = 1_200;
/** Memory that a header of a request uses in addition to its texts. */
const HEADER_BYTES = 100;

/** The memory that one message uses. */
export function messageBytes(message: Omit<NewMessage, "delayMs">): number {
  let bytes = OVERHEAD_BYTES + message.body.byteLength;
  bytes += message.contentType?.length ?? 0;
  bytes += message.type?.length ?? 0;
  bytes += message.orderingKey?.length ?? 0;
  for (const tag of message.tags) bytes += tag.length;
  for (const name in message.attributes) bytes += name.length + (message.attributes[name]?.length ?? 0);
  bytes += (message.trace?.traceparent.length ?? 0) + (message.trace?.tracestate?.length ?? 0);
  for (const [name, value] of message.request?.headers ?? []) bytes += HEADER_BYTES + name.length + value.length;
  return bytes + (message.request?.query.length ?? 0);
}
