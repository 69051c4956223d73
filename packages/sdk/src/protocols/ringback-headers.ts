/** Headers of the dialects in which Ringback sends the message's own bytes. */

import { toHeaderValue } from "./header-text.ts";
import type { OutgoingDelivery } from "./protocol.ts";

export const USER_AGENT = "Ringback/1";
export const CONTENT_TYPE_UNKNOWN = "application/octet-stream";

/** Returns `Content-Type` and `User-Agent` in a new list, to which a dialect adds its headers. */
export function ringbackHeaders({ contentType }: Pick<OutgoingDelivery, "contentType">): string[] {
  const named = contentType === null ? CONTENT_TYPE_UNKNOWN : toHeaderValue("contentType", contentType);
  return ["Content-Type", named, "User-Agent", USER_AGENT];
}
