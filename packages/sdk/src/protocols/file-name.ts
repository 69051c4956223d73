/**
 * Makes file names from received texts safe. A program appends the name to the path of one of its folders, on any
 * operating system. The name must not lead out of the folder or refer to a device. It must not be hidden, look like
 * another name, or begin like an option of a command.
 */

/** The longest name on every common file system. */
export const fileNameBytesMax = 255;
/**
 * Only this many UTF-16 code units at the end of the text are read, because the file name is the last part of a path.
 */
const inspectedCharsMax = 16_384;
/** Longer "extensions" are probably part of a sentence, and are not preserved when the name is shortened. */
const extensionCharsMax = 32;

/** Characters that join scripts and emoji. They have a meaning inside a name but are invisible alone. */
const joiners = "\\u200c\\u200d\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}";
/**
 * Control characters, line separators, marks that change the text direction, invisible characters and noncharacters.
 * `\ufff9` to `\ufffb` enclose annotations, which are not displayed.
 */
const invisible = new RegExp(
  `(?![${joiners}])[\\p{Cc}\\p{Zl}\\p{Zp}\\p{Bidi_Control}\\p{Default_Ignorable_Code_Point}\\p{Noncharacter_Code_Point}\\ufff9-\\ufffb]`,
  "gu",
);
const invisibleAlone = new RegExp(`[${joiners}\\s\\u2800]`, "gu");
/** Characters that Windows forbids in names, and quotes. Quotes delimit names in headers and command lines. */
const forbidden = /[<>:"|?*'`]/g;
const dotOrSpace = /[\s.]/;
/** Device names of Windows. They are reserved with every extension, as in `con.txt`. */
const reserved = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])\s*(?:\.|$)/i;

const encoder = new TextEncoder();

/**
 * Returns a safe name from the last part of the path `text`, without dangerous characters. Returns null when no visible
 * character is left. The time is linear in the length of the text.
 */
export function safeFileName(text: string): string | null {
  const name = lastPart(text.slice(-inspectedCharsMax))
    .toWellFormed()
    .replaceAll(invisible, "")
    .replaceAll(forbidden, "_")
    .replaceAll(/\.{2,}/g, ".");
  const short = shortened(withoutOption(withoutOuterDotsAndSpaces(name)));
  const visible = short.replaceAll(invisibleAlone, "");
  if (visible === "") return null;
  // People cannot distinguish a device name from the same name with invisible characters, so `visible` is tested as
  // well.
  return reserved.test(short) || reserved.test(visible) ? shortened(`_${short}`) : short;
}

function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/**
 * Removes dots and spaces at both ends. A dot at the beginning hides a file or refers to a parent folder. Windows
 * removes dots and spaces at the end.
 */
function withoutOuterDotsAndSpaces(name: string): string {
  let start = 0;
  let end = name.length;
  while (start < end && dotOrSpace.test(name.charAt(start))) start++;
  while (end > start && dotOrSpace.test(name.charAt(end - 1))) end--;
  return name.slice(start, end);
}

/** Changes a name that begins with a hyphen, because commands read such an argument as an option. */
function withoutOption(name: string): string {
  return name.startsWith("-") ? `_${name.slice(1)}` : name;
}

/** Cuts the name between two characters and preserves a short extension. */
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
