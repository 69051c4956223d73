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
 * XML cannot carry.
 */
export function xmlText(part: string, text: string): string {
  if (foreignCharacter.test(text)) throw new UnencodableError(`${part}: XML 1.0 cannot carry one of its characters`);
  return text.replace(/[&<>\r]/g, (character) => escapes[character] ?? character);
}

/** A carriage return is escaped because parsers read a literal one as a line feed (section 2.11). */
const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };

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

const reference = /&(?:([a-z]+)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));/y;
const predefined: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

/**
 * Replaces references in a loop. `replace` would collect every match before the first replacement, and a text may
 * contain millions.
 */
function withoutReferences(text: string): string {
  let plain = "";
  let at = 0;
  for (let start = text.indexOf("&"); start !== -1; start = text.indexOf("&", at)) {
    reference.lastIndex = start;
    const [, name, decimal, hexadecimal = ""] = reference.exec(text) ?? [];
    const codePoint = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal);
    // `codePoint` is NaN for a reference that is not a number.
    const character = codePoint <= LAST_CODE_POINT ? String.fromCodePoint(codePoint) : predefined.get(name ?? "");
    if (character === undefined || foreignCharacter.test(character)) {
      throw new UndecodableError(
        "body: contains a reference that is neither a character nor one of XML's five entities",
      );
    }
    plain += text.slice(at, start) + character;
    at = reference.lastIndex;
  }
  return plain + text.slice(at);
}
