import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { carriedTextFault } from "./text-rules.ts";

/** The same tag twice is one tag: it changes nothing for a filter, so it is no error. */
export function assertTags(field: string, tags: readonly string[]): void {
  if (tags.length > limits.tagsMax) {
    throw RingbackError.at("too_many_tags", field, `holds ${tags.length} tags; at most ${limits.tagsMax} are allowed`);
  }
  for (const [index, tag] of tags.entries()) {
    const fault = tagFault(tag);
    if (fault !== null) throw RingbackError.at("invalid_tag", `${field}[${index}]`, fault);
  }
}

function tagFault(tag: string): string | null {
  if (isLongerThanCharacters(tag, limits.tagCharsMax)) return `must have 1 to ${limits.tagCharsMax} characters`;
  // Tags travel as one list, joined with comma and space.
  if (tag.includes(",")) return "must not hold a comma";
  return carriedTextFault(tag);
}

/** A character outside the Unicode's first plane is one, although a JS string counts two. */
function isLongerThanCharacters(text: string, charactersMax: number): boolean {
  if (text.length <= charactersMax) return false;
  return text.length > 2 * charactersMax || Array.from(text).length > charactersMax;
}
