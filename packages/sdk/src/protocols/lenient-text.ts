/** UTF-8 needs at most three bytes for each UTF-16 code unit. */
const BYTES_PER_UNIT_MAX = 3;
/** So that a character which the cut goes through lies behind the last one that is kept. */
const BYTES_PER_CHARACTER_MAX = 4;
/** Takes a byte order mark away and puts U+FFFD where the bytes are not UTF-8. */
const decoder = new TextDecoder();

/** The first `charsMax` UTF-16 code units of the text in these bytes, whatever they are; no more than that is decoded. */
export function lenientText(bytes: Uint8Array, charsMax: number): string {
  const text = decoder.decode(bytes.subarray(0, (charsMax + 1) * BYTES_PER_UNIT_MAX + BYTES_PER_CHARACTER_MAX));
  return text.length <= charsMax ? text : withoutHalfCharacter(text.slice(0, charsMax));
}

function withoutHalfCharacter(text: string): string {
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}
