/**
 * Text with what programs write in the place of characters taken back: `%2F` of URLs, `&amp;` of HTML, `\/` and `\u0026` of
 * JSON, all in small letters, so that something can be looked for whichever way it was written. Each character knows where
 * it stood, so that what was found can be taken out of the text itself.
 */

export interface PlainText {
  readonly text: string;
  /** For each UTF-16 code unit of `text`, where it begins in the text that it was made of. */
  readonly starts: readonly number[];
  /** And where it ends there. */
  readonly ends: readonly number[];
}

/** An address in a URL's query, in an attribute of HTML, in a string of JSON: more has not been seen. */
const layersMax = 3;

const escape =
  /%[\da-f]{2}|&(?:amp|lt|gt|quot|apos|sol|colon|num|equals|quest|period|lowbar|#\d{1,7}|#x[\da-f]{1,6});|\\(?:u[\da-f]{4}|x[\da-f]{2}|[/"'\\])/giy;
const named: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  sol: "/",
  colon: ":",
  num: "#",
  equals: "=",
  quest: "?",
  period: ".",
  lowbar: "_",
};

const decoder = new TextDecoder("utf-8", { fatal: true });

export function plainText(original: string): PlainText {
  let plain = letterForLetter(original);
  for (let layer = 0; layer < layersMax; layer++) {
    const next = withoutOneLayer(plain);
    if (next.text.length === plain.text.length) break;
    plain = next;
  }
  return { ...plain, text: inSmallLetters(plain.text) };
}

function letterForLetter(text: string): PlainText {
  const starts = Array.from({ length: text.length }, (_, at) => at);
  return { text, starts, ends: starts.map((start) => start + 1) };
}

function withoutOneLayer({ text, starts, ends }: PlainText): PlainText {
  const pieces: string[] = [];
  const newStarts: number[] = [];
  const newEnds: number[] = [];
  let at = 0;
  while (at < text.length) {
    const [length, characters] = characterAt(text, at);
    pieces.push(characters);
    for (let unit = 0; unit < characters.length; unit++) {
      newStarts.push(starts[at] ?? 0);
      newEnds.push(ends[at + length - 1] ?? 0);
    }
    at += length;
  }
  return { text: pieces.join(""), starts: newStarts, ends: newEnds };
}

/** How much of the text stands for what is there, and what that is. */
function characterAt(text: string, at: number): readonly [length: number, characters: string] {
  const itself = [1, text.charAt(at)] as const;
  if (!"%&\\".includes(text.charAt(at))) return itself;
  const written = escapeAt(text, at);
  if (written === null) return itself;
  if (written.startsWith("%")) return percentEncodedAt(text, at) ?? itself;
  const character = characterOf(written);
  return character === null ? itself : [written.length, character];
}

function escapeAt(text: string, at: number): string | null {
  escape.lastIndex = at;
  return escape.exec(text)?.[0] ?? null;
}

/** The bytes of one character: the first of them says how many there are. */
function percentEncodedAt(text: string, at: number): readonly [length: number, characters: string] | null {
  const first = Number.parseInt(text.slice(at + 1, at + 3), 16);
  const count = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const written = text.slice(at, at + 3 * count);
  if (!/^(?:%[\da-f]{2})+$/i.test(written) || written.length < 3 * count) return null;
  const bytes = Uint8Array.from(written.slice(1).split("%"), (digits) => Number.parseInt(digits, 16));
  try {
    return [written.length, decoder.decode(bytes)];
  } catch {
    return null;
  }
}

function characterOf(written: string): string | null {
  if (written.startsWith("\\")) {
    const digits = /^\\[ux]/i.test(written) ? written.slice(2) : "";
    return digits === "" ? written.slice(1) : String.fromCharCode(Number.parseInt(digits, 16));
  }
  const name = written.slice(1, -1).toLowerCase();
  if (!name.startsWith("#")) return named[name] ?? null;
  const codePoint = name.startsWith("#x") ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : null;
}

/** Where a small letter has another length than the capital, as that of İ has, it stays. */
function inSmallLetters(text: string): string {
  const small = text.toLowerCase();
  if (small.length === text.length) return small;
  return text.replace(/[^]/g, (unit) => (unit.toLowerCase().length === 1 ? unit.toLowerCase() : unit));
}
