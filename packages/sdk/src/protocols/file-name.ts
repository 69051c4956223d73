/**
 * File names from the wire. Whoever saves the file puts the name behind a folder of theirs, on whatever system they
 * have, so the name must not lead out of the folder, mean a device, hide itself or look like another one.
 */

/** What a name may have on every common file system. */
export const fileNameBytesMax = 255;
/** A longer "extension" is rather a sentence with a dot in it, and is not worth keeping when a name is cut. */
const extensionCharsMax = 32;

/** Control characters, line separators, and the marks that turn the direction of what is shown. */
const invisible = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
/** What Windows forbids in a name, and quotes, which headers and command lines are made with. */
const forbidden = /[<>:"|?*'`]/g;
/** Dots at the beginning hide a file or lead upwards; Windows drops dots and spaces at the end. */
const outerDotsAndSpaces = /^[\s.]+|[\s.]+$/g;
/** Devices of Windows, with any extension. */
const reserved = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])\s*(?:\.|$)/i;

const encoder = new TextEncoder();

/** The safe name in `text`: its last part, without or instead of what is dangerous; null when nothing is left. */
export function safeFileName(text: string): string | null {
  const name = (text.split(/[/\\]/).at(-1) ?? "")
    .toWellFormed()
    .replaceAll(invisible, "")
    .replaceAll(forbidden, "_")
    .replaceAll(/\.{2,}/g, ".")
    .replaceAll(outerDotsAndSpaces, "");
  if (name === "") return null;
  return shortened(reserved.test(name) ? `_${name}` : name);
}

/** Cut at a character's end; an ordinary extension is kept. */
function shortened(name: string): string {
  if (bytesOf(name) <= fileNameBytesMax) return name;
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 && name.length - dot <= extensionCharsMax ? name.slice(dot) : "";
  const stem = extension === "" ? name : name.slice(0, dot);
  return cut(stem, fileNameBytesMax - bytesOf(extension)).replace(/[\s.]+$/, "") + extension;
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
