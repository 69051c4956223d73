/** Simulates how HTTP changes a call and its reply between the two halves of a hook dialect. */

import type { HookReply, OutgoingCall } from "../hook-protocol.ts";
import type { ReceiverReply } from "../protocol.ts";

const encoder = new TextEncoder();

export function callWith(payload: unknown): OutgoingCall {
  return { payload, requestId: "0194-a", key: null, json: JSON };
}

/** Returns a recorded reply as it arrives. `head` ends with the empty line. */
export function replied({ head, body }: { readonly head: string; readonly body: Uint8Array }): HookReply {
  const [statusLine = "", ...lines] = head.trimEnd().split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)];
  });
  return { status: Number(statusLine.split(" ")[1]), headers: Object.fromEntries(headers), body };
}

/** Returns the reply of a receiver as it arrives at the sender. */
export function carried({ status, headers, body }: ReceiverReply): HookReply {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[a-z-]+$/.test(name)) throw new Error(`no lower-case header name: ${name}`);
    if (!/^[\u0020-\u007e\u0080-\u00ff]*$/.test(value)) throw new Error(`no header value: ${JSON.stringify(value)}`);
  }
  return { status, headers, body: typeof body === "string" ? encoder.encode(body) : body };
}
