import { isUtf8 } from "node:buffer";

/** Shows bytes in a JSON answer: as text when they are UTF-8, and as base64 otherwise. */
export function bodyView(bytes: Uint8Array): { body: string } | { bodyBase64: string } {
  return isUtf8(bytes)
    ? { body: bufferOf(bytes).toString("utf8") }
    : { bodyBase64: bufferOf(bytes).toString("base64") };
}

/** Shows the stored beginning of a reply. An incomplete UTF-8 character at the end is omitted. */
export function replyView(bytes: Uint8Array | null): { reply: string | null } | { replyBase64: string } {
  if (bytes === null) return { reply: null };
  const view = cutBodyView(bytes);
  return "body" in view ? { reply: view.body } : { replyBase64: view.bodyBase64 };
}

/** Shows the beginning of a body in the way in which `bodyView` shows a whole one. */
export function cutBodyView(bytes: Uint8Array): { body: string } | { bodyBase64: string } {
  const whole = bytes.subarray(0, bytes.length - splitCharacterBytes(bytes));
  return isUtf8(whole) ? bodyView(whole) : bodyView(bytes);
}

/** Returns the number of bytes at the end that begin an incomplete UTF-8 character. */
function splitCharacterBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc2) {
      // No character begins with a byte above 0xf4, so these bytes are not UTF-8.
      if (byte > 0xf4) return 0;
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
