/**
 * Rules for the texts of a message: tags, keys, attributes. A dialect may put each of them in a header of its push, so
 * all of them keep to what a header can carry unchanged.
 */

/** Printable ASCII that neither begins nor ends with a space: nearly every text there is. */
const plain = /^[!-~](?:[ -~]*[!-~])?$/;
const controlCharacter = /\p{Cc}/u;

/** Why the text cannot be carried, as the end of a sentence that begins with the field; null when it can. */
export function carriedTextFault(text: string): string | null {
  if (plain.test(text)) return null;
  if (text === "") return "must not be empty";
  if (controlCharacter.test(text)) return "must not hold control characters";
  if (text.startsWith(" ") || text.endsWith(" ")) return "must not begin or end with a space";
  if (!text.isWellFormed()) return "must not hold half a surrogate pair";
  return null;
}

export function isLongerThanBytes(text: string, bytesMax: number): boolean {
  // UTF-8 needs one to three bytes for each UTF-16 code unit.
  if (text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && Buffer.byteLength(text) > bytesMax;
}
