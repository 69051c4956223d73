/**
 * The bytes of what a program gives for a body: a string's UTF-8, a view's own, an ArrayBuffer's. null for anything else;
 * the type says what it may be, and whoever writes JavaScript does not see the type. Nothing is copied but text.
 */
export function bytesOf(body: unknown): Uint8Array | null {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return body instanceof ArrayBuffer ? new Uint8Array(body) : null;
}
