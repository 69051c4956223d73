const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
/** The bytes of the escapes of one letter; an escape of any other character stands for this character. */
const controls = new Map(
  [
    ["b", 0x08],
    ["t", 0x09],
    ["n", 0x0a],
    ["f", 0x0c],
    ["r", 0x0d],
  ].map(([letter, byte]) => [String(letter).charCodeAt(0), Number(byte)]),
);

/**
 * Returns the UTF-8 of a JSON string with its quotes, whose bytes are known to be valid. The work ends as soon as the
 * result is longer than `bytesMax`: with `JSON.parse`, a text of 8 MB of escapes takes ten times as long.
 */
export function unescaped(written: Uint8Array, bytesMax: number): Buffer | "too long" | "half a pair" {
  const end = written.length - 1;
  const bytes = Buffer.allocUnsafe(Math.min(end, bytesMax + 4));
  let length = 0;
  for (let at = 1; at < end; at++) {
    if (length > bytesMax) return "too long";
    const byte = written[at] as number;
    if (byte !== BACKSLASH) {
      bytes[length++] = byte;
      continue;
    }
    const kind = written[++at] as number;
    if (kind !== SMALL_U) {
      bytes[length++] = controls.get(kind) ?? kind;
      continue;
    }
    let codePoint = unitAt(written, at + 1);
    at += 4;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      const low = written[at + 1] === BACKSLASH && written[at + 2] === SMALL_U ? unitAt(written, at + 3) : 0;
      if (codePoint >= 0xdc00 || low < 0xdc00 || low > 0xdfff) return "half a pair";
      codePoint = 0x10000 + ((codePoint & 0x3ff) << 10) + (low & 0x3ff);
      at += 6;
    }
    length = writeCodePoint(bytes, length, codePoint);
  }
  return length > bytesMax ? "too long" : bytes.subarray(0, length);
}

function unitAt(written: Uint8Array, start: number): number {
  let unit = 0;
  for (let at = start; at < start + 4; at++) {
    const byte = written[at] as number;
    unit = unit * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return unit;
}

/** Writes the UTF-8 of a character, and returns the index after it. */
function writeCodePoint(bytes: Buffer, start: number, codePoint: number): number {
  let at = start;
  if (codePoint < 0x80) bytes[at++] = codePoint;
  else {
    if (codePoint < 0x800) bytes[at++] = 0xc0 | (codePoint >> 6);
    else {
      if (codePoint < 0x10000) bytes[at++] = 0xe0 | (codePoint >> 12);
      else {
        bytes[at++] = 0xf0 | (codePoint >> 18);
        bytes[at++] = 0x80 | ((codePoint >> 12) & 0x3f);
      }
      bytes[at++] = 0x80 | ((codePoint >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (codePoint & 0x3f);
  }
  return at;
}
