/**
 * Reads and writes XML of one shape: a root element with a namespace, whose child elements contain only text.
 *
 * The platforms send documents of this shape only. Everything else is rejected: document types (which could define
 * entities), other attributes, comments, processing instructions and nested elements. The reader passes over the text
 * once, uses no stack, and builds nothing that is longer than the text.
 */

import { UndecodableError, UnencodableError } from "./protocol.ts";

/** The most elements in a document. The platforms send less than half as many. */
export const xmlElementsMax = 32;

/** Matches a character outside `Char` of XML 1.0 (section 2.2). A character reference cannot express it either. */
const foreignCharacter = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const LAST_CODE_POINT = 0x10ffff;

/**
 * Returns the text as the content of an element. Throws {@link UnencodableError}, naming `part`, for characters that
 * XML cannot carry. The text is escaped byte by byte, because a text of a million ampersands would take `replace` a
 * tenth of a second.
 */
export function xmlText(part: string, text: string): string {
  if (foreignCharacter.test(text)) throw new UnencodableError(`${part}: XML 1.0 cannot carry one of its characters`);
  if (!needsEscape.test(text)) return text;
  const bytes = encoder.encode(text);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) length += writtenLengths[bytes[i] as number] as number;
  const escaped = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    const end = at + (writtenLengths[byte] as number);
    for (let from = byte * escapeBytesMax; at < end; from++) escaped[at++] = writtenBytes[from] as number;
  }
  return decoder.decode(escaped);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const needsEscape = /[&<>\r]/;
/** A carriage return is escaped because parsers read a literal one as a line feed (section 2.11). */
const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };
const escapeBytesMax = 5;
/**
 * The bytes that are written for each byte, and their number. With an array for each byte, `xmlText` takes three times
 * as long.
 */
const writtenBytes = new Uint8Array(256 * escapeBytesMax);
const writtenLengths = new Uint8Array(256).fill(1);
for (let byte = 0; byte < 256; byte++) writtenBytes[byte * escapeBytesMax] = byte;
for (const [character, escape] of Object.entries(escapes)) {
  const byte = character.charCodeAt(0);
  writtenBytes.set(encoder.encode(escape), byte * escapeBytesMax);
  writtenLengths[byte] = escape.length;
}

const declaration = /<\?xml[ \t\r\n]+version=(["'])1\.0\1(?:[ \t\r\n]+encoding=(["'])[Uu][Tt][Ff]-8\2)?[ \t\r\n]*\?>/y;
const whiteSpace = /[ \t\r\n]*/y;
const rootStart = /<([A-Za-z][\w.-]*)[ \t\r\n]+xmlns=(?:"([^"<&]*)"|'([^'<&]*)')[ \t\r\n]*>/y;
const startTag = /<([A-Za-z][\w.-]*)[ \t\r\n]*(\/?)>/y;
const endTag = /<\/([A-Za-z][\w.-]*)[ \t\r\n]*>/y;
const CDATA_START = "<![CDATA[";
const CDATA_END = "]]>";

/**
 * Returns the text of each element by its name, in document order. A literal carriage return and `]]>` are kept
 * although XML does not allow them: a careless sender computes its checksum over the text that contains them.
 *
 * Throws {@link UndecodableError} for a document of another shape, root or namespace.
 */
export function readFlatXml(text: string, root: string, namespace: string): ReadonlyMap<string, string> {
  if (foreignCharacter.test(text)) throw new UndecodableError("body: contains a character that XML does not allow");
  const elements = new Map<string, string>();
  let at = 0;

  function take(form: RegExp): RegExpExecArray | null {
    form.lastIndex = at;
    const found = form.exec(text);
    if (found !== null) at = form.lastIndex;
    return found;
  }

  function fault(): UndecodableError {
    return new UndecodableError(`body: not the expected XML, at character ${at}`);
  }

  function contentOf(name: string): string {
    let content = "";
    for (;;) {
      const markup = text.indexOf("<", at);
      if (markup === -1) throw fault();
      content += withoutReferences(text.slice(at, markup));
      at = markup;
      if (text.startsWith(CDATA_START, at)) {
        const end = text.indexOf(CDATA_END, at);
        if (end === -1) throw fault();
        content += text.slice(at + CDATA_START.length, end);
        at = end + CDATA_END.length;
      } else {
        if (take(endTag)?.[1] !== name) throw fault();
        return content;
      }
    }
  }

  take(declaration);
  take(whiteSpace);
  const start = take(rootStart);
  if (start?.[1] !== root) throw fault();
  if ((start[2] ?? start[3]) !== namespace) throw new UndecodableError(`body: not in the namespace ${namespace}`);
  for (;;) {
    take(whiteSpace);
    const element = take(startTag);
    if (element === null) break;
    const [, name = "", closed] = element;
    if (elements.has(name)) throw new UndecodableError("body: two elements have the same name");
    if (elements.size === xmlElementsMax) throw new UndecodableError(`body: more than ${xmlElementsMax} elements`);
    elements.set(name, closed === "/" ? "" : contentOf(name));
  }
  if (take(endTag)?.[1] !== root) throw fault();
  take(whiteSpace);
  if (at < text.length) throw fault();
  return elements;
}

const AMPERSAND = 0x26;
const predefined: readonly (readonly [text: string, codePoint: number])[] = [
  ["&amp;", 0x26],
  ["&lt;", 0x3c],
  ["&gt;", 0x3e],
  ["&quot;", 0x22],
  ["&apos;", 0x27],
];
/** The most digits that are read. Leading zeros count. */
const decimalDigitsMax = 7;
const hexadecimalDigitsMax = 6;
/** Code units that become text at once: a function has a limited number of arguments. */
const unitsAtOnce = 8192;

/**
 * Replaces references unit by unit. A text may contain millions, and a regular expression takes much longer for each.
 */
function withoutReferences(text: string): string {
  if (!text.includes("&")) return text;
  const units = new Uint16Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit !== AMPERSAND) {
      units[length++] = unit;
      continue;
    }
    const { codePoint, end } = referenceAt(text, at);
    if (codePoint > 0xffff) {
      units[length++] = 0xd7c0 + (codePoint >> 10);
      units[length++] = 0xdc00 + (codePoint & 0x3ff);
    } else units[length++] = codePoint;
    at = end - 1;
  }
  let plain = "";
  for (let at = 0; at < length; at += unitsAtOnce) {
    plain += String.fromCharCode(...units.subarray(at, Math.min(length, at + unitsAtOnce)));
  }
  return plain;
}

function referenceAt(text: string, start: number): { codePoint: number; end: number } {
  if (text.startsWith("&#", start)) {
    const isHexadecimal = text.startsWith("x", start + 2);
    const first = start + (isHexadecimal ? 3 : 2);
    const last = first + (isHexadecimal ? hexadecimalDigitsMax : decimalDigitsMax);
    let codePoint = 0;
    let at = first;
    for (; at < last; at++) {
      const digit = digitOf(text.charCodeAt(at));
      if (digit === null || (digit > 9 && !isHexadecimal)) break;
      codePoint = codePoint * (isHexadecimal ? 16 : 10) + digit;
    }
    if (at > first && text.startsWith(";", at) && isCharacter(codePoint)) return { codePoint, end: at + 1 };
  }
  for (const [name, codePoint] of predefined) {
    if (text.startsWith(name, start)) return { codePoint, end: start + name.length };
  }
  throw new UndecodableError("body: contains a reference that is neither a character nor one of XML's five entities");
}

function digitOf(code: number): number | null {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : null;
}

/** Whether a character reference can express it: `Char` of XML 1.0 (section 2.2). */
function isCharacter(codePoint: number): boolean {
  if (codePoint < 0x20) return codePoint === 0x09 || codePoint === 0x0a || codePoint === 0x0d;
  return codePoint <= 0xd7ff || (codePoint >= 0xe000 && codePoint <= LAST_CODE_POINT && (codePoint & ~1) !== 0xfffe);
}
