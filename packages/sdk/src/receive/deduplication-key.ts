import type { IncomingMessage } from "../protocols/protocol.ts";
import { toBase64 } from "../protocols/base64.ts";

/** A longer key is stored as its hash, so that long ids do not fill the memory. */
const plainKeyCharsMax = 128;

/**
 * Returns the key of a message for deduplication: its topic and id, because ids of some senders are unique only within
 * a topic. With `byId` the key is the id alone. Returns null for a message without an id.
 */
export async function deduplicationKey(message: IncomingMessage, byId = false): Promise<string | null> {
  if (message.messageId === null) return null;
  const key = JSON.stringify([byId ? null : message.topic, message.messageId]);
  if (key.length <= plainKeyCharsMax) return key;
  return toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))));
}
