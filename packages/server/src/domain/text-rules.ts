/**
 * Rules for the texts of a message: tags, type, keys and attributes. Dialects may send these as HTTP headers, so only
 * texts that a header can carry unchanged are allowed.
 */

/** Fast path: printable ASCII that neither begins nor ends with a space. */
const plain = /^[!-~](?:[ -~]*[!-~])?$/;
const controlCharacter = /\p{Cc}/u;

/** Returns the reason why a header cannot carry the text, as the end of a sentence about the field; null if it can. */
export function headerTextFault(text: string): string | null {
  if (plain.test(text)) return null;
  if (text === "") return "must not be empty";
  if (controlCharacter.test(text)) return "must not contain control characters";
  if (text.startsWith(" ") || text.endsWith(" ")) return "must not begin or end with a space";
  if (!text.isWellFormed()) return "must be valid Unicode, but contains half a surrogate pair";
  return null;
}

export function isLongerThanBytes(text: string, bytesMax: number): boolean {
  // UTF-8 needs one to three bytes for each UTF-16 code unit.
  if (text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;
}
