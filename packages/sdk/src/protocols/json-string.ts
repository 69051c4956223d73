/** Finds the ends of strings in a JSON text, without parsing the text. */

const BACKSLASH = 0x5c;

/**
 * Returns the index of the quote that closes the string whose opening quote is at `opening`. Returns the length of the
 * text when the string is not closed. `indexOf` is ten times as fast as a loop over the characters.
 */
export function closingQuote(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    // A quote after an odd number of backslashes is escaped and does not close the string.
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}
