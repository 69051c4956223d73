/**
 * Strict Base64 (RFC 4648): decoding accepts only the alphabet, and rejects unused bits that are not zero. The
 * platform's functions do not fit: Node 20 has no `Uint8Array.fromBase64`, and `atob` skips white space.
 */

/** Calls of `String.fromCharCode` are limited in size, because their arguments are on the stack. */
const CHARS_PER_CALL_MAX = 0x2000;

const outsideAlphabet = /[^A-Za-z0-9+/=]/;
const outsideUrlAlphabet = /[^A-Za-z0-9_-]/;

/** Encodes with padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHARS_PER_CALL_MAX) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHARS_PER_CALL_MAX));
  }
  return btoa(binary);
}

/** Encodes in the alphabet for URLs and JSON Web Keys, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Returns null for any text that is not base64 with padding. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  return outsideAlphabet.test(text) || text.length % 4 !== 0 ? null : decoded(text);
}

/** Returns null for any text that is not base64url without padding. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (outsideUrlAlphabet.test(text)) return null;
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  return decoded(text.replaceAll("-", "+").replaceAll("_", "/") + padding);
}

function decoded(text: string): Uint8Array<ArrayBuffer> | null {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return null;
  }
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return lastBitsAreZero(text, bytes) ? bytes : null;
}

/**
 * Whether the unused bits are zero. Without this check `QQ==` and `QR==` would both decode to "A", so encoded values
 * could not be compared as text.
 */
function lastBitsAreZero(text: string, bytes: Uint8Array): boolean {
  return !text.endsWith("=") || toBase64(bytes.subarray(bytes.length - (bytes.length % 3))) === text.slice(-4);
}
