import { isUtf8 } from "node:buffer";

/** Bytes inside a JSON answer: as text where they are text, as base64 where they are not. */
export function bodyView(bytes: Uint8Array): { body: string } | { bodyBase64: string } {
  return isUtf8(bytes)
    ? { body: bufferOf(bytes).toString("utf8") }
    : { bodyBase64: bufferOf(bytes).toString("base64") };
}

/** The kept beginning of a reply. Cutting may have split its last character; the rest of that one is left out. */
export function replyView(bytes: Uint8Array | null): { reply: string | null } | { replyBase64: string } {
  if (bytes === null) return { reply: null };
  const whole = bytes.subarray(0, bytes.length - splitCharacterBytes(bytes));
  if (isUtf8(whole)) return { reply: bufferOf(whole).toString("utf8") };
  return { replyBase64: bufferOf(bytes).toString("base64") };
}

/** How many bytes at the end begin a UTF-8 character that is not complete. */
function splitCharacterBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc2) {
      // Above 0xf4 nothing begins a character: such bytes are no text, cut or not.
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
