/**
 * Bodies that are expensive for a careless server. Each function returns a text of about the given number of bytes. The
 * texts are of one-byte characters unless the name says otherwise.
 */

const times = (piece: string, bytes: number): string => piece.repeat(Math.max(1, Math.floor(bytes / piece.length)));

const list = (item: string, bytes: number): string => `[${times(`${item},`, bytes - item.length - 2)}${item}]`;

/** An object of as many different members as fit. */
function members(bytes: number, member: (index: number) => string): string {
  const parts: string[] = [];
  for (let length = 2; length < bytes;) {
    const part = member(parts.length);
    length += part.length + 1;
    if (length <= bytes) parts.push(part);
  }
  return `{${parts.join(",")}}`;
}

/** Values in JSON, to be sent as a whole body and inside of other bodies. */
export const jsonShapes: Readonly<Record<string, (bytes: number) => string>> = {
  "open brackets": (bytes) => times("[", bytes),
  "closed brackets": (bytes) => times("[", bytes / 2) + times("]", bytes / 2),
  "open objects": (bytes) => times('{"a":', bytes),
  "depth 99": (bytes) => list(`${"[".repeat(98)}${"]".repeat(98)}`, bytes),
  "list of 1.0": (bytes) => list("1.0", bytes),
  "list of 0": (bytes) => list("0", bytes),
  "list of long integers": (bytes) => list("12345678901234567890", bytes),
  "list of {}": (bytes) => list("{}", bytes),
  "list of objects": (bytes) => list('{"a":1.0}', bytes),
  "list of empty strings": (bytes) => list('""', bytes),
  "49,000 times 1.0": (bytes) => list("1.0", Math.min(bytes, 4 * 49_000)),
  "24,000 members": (bytes) => members(Math.min(bytes, 10 * 24_000), (i) => `"${i.toString(36)}":1.0`),
  "49,000 members": (bytes) => members(Math.min(bytes, 10 * 49_000), (i) => `"${i.toString(36)}":1.0`),
  members: (bytes) => members(bytes, (i) => `"m${i}":1`),
  "members named by numbers": (bytes) => members(bytes, (i) => `"${(i * 7919) % 4294967291}":1`),
  "equal members": (bytes) => `{${times('"a":1,', bytes - 8)}"a":1}`,
  "long number": (bytes) => times("1", bytes),
  "long fraction": (bytes) => `0.${times("1", bytes - 2)}`,
  "long exponent": (bytes) => `1e${times("9", bytes - 2)}`,
  "long name": (bytes) => `{"${times("k", bytes - 8)}":1}`,
  "long text": (bytes) => `"${times("x", bytes - 2)}"`,
  "text of escapes": (bytes) => `"${times("\\u0001", bytes - 2)}"`,
  "text of line feeds": (bytes) => `"${times("\\n", bytes - 2)}"`,
  "text of quotes": (bytes) => `"${times('\\"', bytes - 2)}"`,
  "text of backslashes": (bytes) => `"${times("\\\\", bytes - 2)}"`,
  "text of ampersands": (bytes) => `"${times("&", bytes - 2)}"`,
  "text of three-byte characters": (bytes) => `"${times("你", (bytes - 2) / 3)}"`,
  "half surrogate pairs": (bytes) => `"${times("\\ud800", bytes - 2)}"`,
  "white space": (bytes) => `{${times(" ", bytes - 2)}}`,
  "line feeds and a fault": (bytes) => `{${times("\n", bytes - 2)}x`,
  "fault at the end": (bytes) => `${list("1.0", bytes - 1)}x`,
  "trailing commas": (bytes) => list("[1,]", bytes),
  __proto__: (bytes) => times('{"__proto__":', bytes),
};

export const formShapes: Readonly<Record<string, (bytes: number) => string>> = {
  pluses: (bytes) => `a=${times("+", bytes - 2)}`,
  "per cents": (bytes) => `a=${times("%41", bytes - 2)}`,
  "per cents of three bytes": (bytes) => `a=${times("%E4%BD%A0", bytes - 2)}`,
  "wrong per cents": (bytes) => `a=${times("%", bytes - 2)}`,
  "many parameters": (bytes) => Array.from({ length: bytes / 10 }, (_, i) => `p${i}=1`).join("&"),
  "equal parameters": (bytes) => times("a=1&", bytes),
  "only separators": (bytes) => times("&", bytes),
  "equals signs": (bytes) => times("=", bytes),
  "long name": (bytes) => `${times("k", bytes - 2)}=1`,
  "name of underscores": (bytes) => `${times("_", bytes - 2)}=1`,
  "name of pluses": (bytes) => `${times("+", bytes - 2)}=1`,
  ampersands: (bytes) => `a=${times("%26", bytes - 2)}`,
};

export const otherShapes: Readonly<Record<string, (bytes: number) => string>> = {
  "many bytes": (bytes) => times("x", bytes),
  "XML of references": (bytes) => `<a>${times("&#13;", bytes - 7)}</a>`,
  "multipart boundaries": (bytes) => times("--x\r\n", bytes),
};
