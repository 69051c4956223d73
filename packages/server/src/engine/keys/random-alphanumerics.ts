const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** Bytes below this map to each character equally often. Larger bytes are discarded. */
const usableBytes = Math.floor(256 / alphabet.length) * alphabet.length;

/** A random text of letters and digits, each with the same probability. */
export function randomAlphanumerics(randomBytes: (count: number) => Uint8Array, chars: number): string {
  let text = "";
  while (text.length < chars) {
    for (const byte of randomBytes(chars - text.length)) {
      if (byte < usableBytes) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
