/**
 * Returns the bytes of a body: the UTF-8 of a string, or the bytes of a view or an ArrayBuffer without a copy. Returns
 * null for any other value, which a program in JavaScript may pass in spite of the types. A Buffer becomes a plain
 * Uint8Array, because methods of Buffer such as slice behave differently.
 */
export function bytesOf(body: unknown): Uint8Array | null {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return body instanceof ArrayBuffer ? new Uint8Array(body) : null;
}
