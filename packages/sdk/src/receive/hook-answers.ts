/** Answers that a handler of a call can return. Without an answer the caller continues. */

import type { HookAnswer } from "../protocols/hook-protocol.ts";

/** Stops the caller; people are shown the reason. */
export function reject(reason: string): HookAnswer {
  return { action: "reject", reason };
}

/** The caller continues and also shows an image. */
export function image(bytes: Uint8Array, contentType: "image/jpeg" | "image/png"): HookAnswer {
  return { action: "continue", attachments: [{ kind: "image", contentType, filename: null, body: bytes }] };
}

/** The caller continues and also shows a text. */
export function text(shown: string): HookAnswer {
  const body = new TextEncoder().encode(shown);
  return { action: "continue", attachments: [{ kind: "text", contentType: "text/plain", filename: null, body }] };
}

/** The caller continues and also sends a file. */
export function file(bytes: Uint8Array, filename: string): HookAnswer {
  return { action: "continue", attachments: [{ kind: "file", contentType: null, filename, body: bytes }] };
}

/** The caller continues and merges `data` into its data. */
export function merge(data: Readonly<Record<string, unknown>>): HookAnswer {
  return { action: "continue", data };
}
