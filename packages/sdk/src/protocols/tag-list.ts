/** A message's tags in one header, joined with a comma and a space (`a, b`) as in CMQ. */

import { fromHeaderValue, toHeaderValue } from "./header-text.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";

/** The most tags that are read. A message from Ringback has at most five, and no other sender uses as many as this. */
export const incomingTagsMax = 64;

/** Throws {@link UnencodableError} for a tag that {@link splitTags} would not return unchanged. */
export function joinTags(part: string, tags: readonly string[]): string {
  return toHeaderValue(part, tagsAsText(part, tags));
}

/** Joins tags as {@link joinTags} does, but returns text and not a header value. */
export function tagsAsText(part: string, tags: readonly string[]): string {
  for (const tag of tags) {
    if (tag === "") throw new UnencodableError(`${part}: a list cannot contain an empty tag`);
    if (tag.includes(",")) throw new UnencodableError(`${part}: a list cannot contain a tag with a comma`);
    if (tag.startsWith(" ") || tag.endsWith(" ")) {
      throw new UnencodableError(`${part}: a tag in a list loses the spaces at its ends`);
    }
  }
  return tags.join(", ");
}

/** Accepts a list with or without spaces around the commas, and skips empty elements (RFC 9110 section 5.6.1). */
export function splitTags(part: string, value: string | undefined): readonly string[] {
  return value === undefined || value === "" ? [] : tagsFromText(part, fromHeaderValue(part, value));
}

/** Splits tags as {@link splitTags} does, but from text that is already decoded instead of a header value. */
export function tagsFromText(part: string, text: string): readonly string[] {
  const tags: string[] = [];
  for (const piece of text.split(",")) {
    const tag = withoutOuterSpaces(piece);
    if (tag !== "") tags.push(tag);
  }
  if (tags.length > incomingTagsMax) throw new UndecodableError(`${part}: more than ${incomingTagsMax} tags`);
  return tags;
}

/**
 * Removes spaces at both ends. `trim()` would also remove other white space, such as the ideographic space, which can
 * belong to a tag.
 */
function withoutOuterSpaces(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === " ") start++;
  while (end > start && text[end - 1] === " ") end--;
  return text.slice(start, end);
}
