/** UTF-8 needs at most three bytes for each UTF-16 code unit. */
const BYTES_PER_UNIT_MAX = 3;
/**
 * One more character is decoded than needed. The byte limit can then cut only that last character, which is not
 * returned.
 */
const BYTES_PER_CHARACTER_MAX = 4;
/** Removes a byte order mark and replaces bytes that are not UTF-8 by U+FFFD. */
const decoder = new TextDecoder();

/**
 * Decodes any bytes as text and returns the first `charsMax` UTF-16 code units. Only as many bytes as needed are
 * decoded.
 */
export function lenientText(bytes: Uint8Array, charsMax: number): string {
  const bytesMax = (charsMax + 1) * BYTES_PER_UNIT_MAX + BYTES_PER_CHARACTER_MAX;
  return cutText(decoder.decode(bytes.subarray(0, bytesMax)), charsMax);
}

/** Returns the first `charsMax` UTF-16 code units, without half of a character at the end. */
export function cutText(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : text.slice(0, charsMax).replace(/[\ud800-\udbff]$/, "");
}
