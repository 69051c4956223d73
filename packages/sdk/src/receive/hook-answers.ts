/** What a handler of a call can return, in one word each. Returning nothing lets the caller go on. */

import type { HookAnswer } from "../protocols/hook-protocol.ts";

/** Stops what the caller was about to do; people are shown the reason. */
export function reject(reason: string): HookAnswer {
  return { action: "reject", reason };
}

/** The caller goes on, and shows a picture as well. */
export function image(bytes: Uint8Array, contentType: "image/jpeg" | "image/png"): HookAnswer {
  return { action: "continue", attachments: [{ kind: "image", contentType, filename: null, body: bytes }] };
}

/** The caller goes on, and shows a text as well. */
export function text(shown: string): HookAnswer {
  const body = new TextEncoder().encode(shown);
  return { action: "continue", attachments: [{ kind: "text", contentType: "text/plain", filename: null, body }] };
}

/** The caller goes on, and hands over a file as well. */
export function file(bytes: Uint8Array, filename: string): HookAnswer {
  return { action: "continue", attachments: [{ kind: "file", contentType: null, filename, body: bytes }] };
}

/** The caller goes on with this merged into its data. */
export function merge(data: Readonly<Record<string, unknown>>): HookAnswer {
  return { action: "continue", data };
}
