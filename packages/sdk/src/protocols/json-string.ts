/** Strings of a JSON text, for functions that scan the text without parsing it. */

const BACKSLASH = 0x5c;

/**
 * The index of the quote that closes the string whose opening quote is at `opening`; the length of the text when the
 * string is not closed. `indexOf` finds a quote ten times as fast as a loop over the characters.
 */
export function closingQuote(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    // A quote behind an odd number of backslashes is part of the string.
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
