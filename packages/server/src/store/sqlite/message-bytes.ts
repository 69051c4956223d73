import type { NewMessage } from "../../domain/model.ts";

/** What a message costs beside its texts and its body: objects, map entries, and the slack of the heap around them. Measured. */
const OVERHEAD_BYTES = 1_200;

/** What one message takes in memory. */
export function messageBytes(message: Omit<NewMessage, "delayMs">): number {
  let bytes = OVERHEAD_BYTES + message.body.byteLength;
  bytes += message.contentType?.length ?? 0;
  bytes += message.type?.length ?? 0;
  bytes += message.orderingKey?.length ?? 0;
  for (const tag of message.tags) bytes += tag.length;
  for (const name in message.attributes) bytes += name.length + (message.attributes[name]?.length ?? 0);
  return bytes;
}
