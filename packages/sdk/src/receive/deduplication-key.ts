import type { IncomingMessage } from "../protocols/protocol.ts";
import { toBase64 } from "../protocols/base64.ts";

/** Longer ones are remembered by their hash, so that a sender cannot have much kept with little. */
const plainKeyCharsMax = 128;

/**
 * What tells messages apart: their topic and their id, since not every sender has ids that are unique beyond a topic.
 * Their id alone with `byId`. null for a message without an id.
 */
export async function deduplicationKey(message: IncomingMessage, byId = false): Promise<string | null> {
  if (message.messageId === null) return null;
  const key = JSON.stringify([byId ? null : message.topic, message.messageId]);
  if (key.length <= plainKeyCharsMax) return key;
  return toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))));
}
