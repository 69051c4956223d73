import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { assertCount } from "./number-rules.ts";
import { headerTextFault } from "./text-rules.ts";

/** A repeated tag is allowed, because it does not change what a filter matches. */
export function assertTags(field: string, tags: readonly string[]): void {
  assertCount("too_many_tags", field, tags.length, limits.tagsMax, "tags");
  for (const [index, tag] of tags.entries()) assertTag(`${field}[${index}]`, tag);
}

export function assertTag(field: string, tag: string): void {
  const fault = tagFault(tag);
  if (fault !== null) throw RingbackError.at("invalid_tag", field, fault);
}

function tagFault(tag: string): string | null {
  if (isLongerThanCharacters(tag, limits.tagCharsMax)) return `must have 1 to ${limits.tagCharsMax} characters`;
  // Dialects send all tags in one header, separated by comma and space.
  if (tag.includes(",")) return "must not contain a comma";
  return headerTextFault(tag);
}

/** Counts Unicode code points. `length` counts a character beyond U+FFFF as two. */
function isLongerThanCharacters(text: string, charactersMax: number): boolean {
  if (text.length <= charactersMax) return false;
  return text.length > 2 * charactersMax || Array.from(text).length > charactersMax;
}
