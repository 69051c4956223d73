/**
 * Base64 (RFC 4648), strictly: nothing but the alphabet, and not a bit that is not needed. What the runtimes bring
 * themselves, `Uint8Array.fromBase64`, is missing in Node 20, and `atob` alone skips white space.
 */

/** `String.fromCharCode` takes its arguments from the stack. */
const CHARS_PER_CALL_MAX = 0x2000;

const outsideAlphabet = /[^A-Za-z0-9+/=]/;
const outsideUrlAlphabet = /[^A-Za-z0-9_-]/;

/** With padding. */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHARS_PER_CALL_MAX) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHARS_PER_CALL_MAX));
  }
  return btoa(binary);
}

/** The alphabet for addresses and JSON Web Keys, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** null for everything but base64 with its padding. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  return outsideAlphabet.test(text) || text.length % 4 !== 0 ? null : decoded(text);
}

/** null for everything but base64url without padding. */
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

/** `QQ==` and `QR==` would both be the letter A, and what has two spellings cannot be compared as text. */
function lastBitsAreZero(text: string, bytes: Uint8Array): boolean {
  return !text.endsWith("=") || toBase64(bytes.subarray(bytes.length - (bytes.length % 3))) === text.slice(-4);
}
