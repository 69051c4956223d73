/** Checks a reply before it is written, because the program's own code may have created the reply. */

import { bytesOf } from "../protocols/body-bytes.ts";
import type { ReceiverReply } from "../protocols/protocol.ts";

/**
 * Names and values that are valid in RFC 9110 sections 5.1 and 5.5, without the tab. Servers react differently to other
 * headers.
 */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerValue = /^[\u0020-\u007e\u0080-\u00ff]*$/;

/**
 * Returns the reply with a body that is a string or bytes. Throws `TypeError` for a status, a header or a body that
 * cannot be sent.
 */
export function sendableReply({ status, headers, body }: ReceiverReply): ReceiverReply {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new TypeError("reply: the status is not a number from 200 to 599");
  }
  for (const [name, value] of Object.entries(headers)) {
    if (!headerName.test(name) || typeof value !== "string" || !headerValue.test(value)) {
      throw new TypeError("reply: a header has an invalid name or value");
    }
  }
  const sent = typeof body === "string" ? body : bytesOf(body);
  if (sent === null) throw new TypeError("reply: the body is neither a string nor bytes");
  return { status, headers, body: sent };
}
