const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** The bytes that fall on each character equally often; the others are thrown away. */
const usableBytes = Math.floor(256 / alphabet.length) * alphabet.length;

/** A text of letters and digits, each as likely as any other. */
export function randomAlphanumerics(randomBytes: (count: number) => Uint8Array, chars: number): string {
  let text = "";
  while (text.length < chars) {
    for (const byte of randomBytes(chars - text.length)) {
      if (byte < usableBytes) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
