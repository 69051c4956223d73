/**
 * File names from the wire. Whoever saves the file puts the name behind a folder of theirs, on whatever system they
 * have, so the name must not lead out of the folder, mean a device, hide itself, look like another one or be taken for
 * an option of a command.
 */

/** What a name may have on every common file system. */
export const fileNameBytesMax = 255;
/** What is looked at of a text, in UTF-16 code units from its end: there the name stands that a path ends with. */
const lookedAtCharsMax = 16_384;
/** A longer "extension" is rather a sentence with a dot in it, and is not worth keeping when a name is cut. */
const extensionCharsMax = 32;

/** What scripts and emoji are put together with: it says something inside a name, and is no name by itself. */
const joiners = "\\u200c\\u200d\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}";
/**
 * Control characters, line separators, marks that turn the direction of what is shown, characters that show nothing, and
 * code points that are no characters. `\ufff9` to `\ufffb` enclose notes that nobody shows.
 */
const invisible = new RegExp(
  `(?![${joiners}])[\\p{Cc}\\p{Zl}\\p{Zp}\\p{Bidi_Control}\\p{Default_Ignorable_Code_Point}\\p{Noncharacter_Code_Point}\\ufff9-\\ufffb]`,
  "gu",
);
const invisibleAlone = new RegExp(`[${joiners}\\s\\u2800]`, "gu");
/** What Windows forbids in a name, and quotes, which headers and command lines are made with. */
const forbidden = /[<>:"|?*'`]/g;
const dotOrSpace = /[\s.]/;
/** Devices of Windows, with any extension. */
const reserved = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])\s*(?:\.|$)/i;

const encoder = new TextEncoder();

/**
 * The safe name in `text`: its last part, without or instead of what is dangerous; null when nothing is left that can be
 * seen. Takes time in proportion to the text, however it is made.
 */
export function safeFileName(text: string): string | null {
  const name = lastPart(text.slice(-lookedAtCharsMax))
    .toWellFormed()
    .replaceAll(invisible, "")
    .replaceAll(forbidden, "_")
    .replaceAll(/\.{2,}/g, ".");
  const short = shortened(withoutOption(withoutOuterDotsAndSpaces(name)));
  const seen = short.replaceAll(invisibleAlone, "");
  if (seen === "") return null;
  // With what cannot be seen a device's name looks like itself.
  return reserved.test(short) || reserved.test(seen) ? shortened(`_${short}`) : short;
}

function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** Dots at the beginning hide a file or lead upwards; Windows drops dots and spaces at the end. */
function withoutOuterDotsAndSpaces(name: string): string {
  let start = 0;
  let end = name.length;
  while (start < end && dotOrSpace.test(name.charAt(start))) start++;
  while (end > start && dotOrSpace.test(name.charAt(end - 1))) end--;
  return name.slice(start, end);
}

/** A command takes what begins with a hyphen for one of its options. */
function withoutOption(name: string): string {
  return name.startsWith("-") ? `_${name.slice(1)}` : name;
}

/** Cut at a character's end; an ordinary extension is kept. */
function shortened(name: string): string {
  if (bytesOf(name) <= fileNameBytesMax) return name;
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 && name.length - dot <= extensionCharsMax ? name.slice(dot) : "";
  const stem = extension === "" ? name : name.slice(0, dot);
  return withoutOuterDotsAndSpaces(cut(stem, fileNameBytesMax - bytesOf(extension))) + extension;
}

function cut(text: string, bytesMax: number): string {
  let kept = "";
  let bytes = 0;
  for (const character of text) {
    bytes += bytesOf(character);
    if (bytes > bytesMax) break;
    kept += character;
  }
  return kept;
}

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}
