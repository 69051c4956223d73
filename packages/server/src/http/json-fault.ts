/**
 * Returns a description of the fault in a text that JSON.parse has refused, with its position. `error` is the error
 * that JSON.parse threw.
 */
export function jsonFault(text: string, error: unknown): string {
  const message = error instanceof SyntaxError ? error.message : "";
  if (message.startsWith("Unexpected end of JSON input")) return faultAt(text, text.length, "the text ends too early");
  // The messages of V8 contain the position of every fault except this one.
  if (message.startsWith("Unexpected token")) {
    const index = misplacedToken(text);
    return faultAt(text, index, `unexpected ${JSON.stringify(String.fromCodePoint(text.codePointAt(index) ?? 0))}`);
  }
  const [, fault, index] = /^(.+?)(?: in JSON)? at position (\d+)/.exec(message) ?? [];
  if (fault === undefined) return "The request body cannot be read as JSON.";
  return faultAt(text, Number(index), fault.charAt(0).toLowerCase() + fault.slice(1));
}

function faultAt(text: string, index: number, fault: string): string {
  const before = text.slice(0, index).split("\n");
  return `Not valid JSON at line ${before.length}, column ${(before.at(-1) ?? "").length + 1}: ${fault}.`;
}

const space = /[\t\n\r ]*/y;
const token = /[{}[\],:"]|true|false|null|-?\d[\d.eE+-]*/y;

/**
 * Returns the first index at which a value must begin but none does. The text before that index is known to be valid
 * JSON, so comparing neighbouring tokens is enough.
 */
function misplacedToken(text: string): number {
  let before = ":";
  for (let at = 0; ;) {
    space.lastIndex = at;
    space.test(text);
    at = token.lastIndex = space.lastIndex;
    const found = token.exec(text)?.[0];
    if (found === undefined) return at;
    const isValueDue = ":,[".includes(before) && before + found !== "[]";
    if (isValueDue && ",:}]".includes(found)) return at;
    at = found === '"' ? endOfString(text, at) : token.lastIndex;
    before = found;
  }
}

function endOfString(text: string, openingQuote: number): number {
  for (let at = openingQuote; ;) {
    at = text.indexOf('"', at + 1);
    if (at === -1) return text.length;
    let backslashes = 0;
    while (text[at - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
}
