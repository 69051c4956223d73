/**
 * The filter decides which messages a subscription receives. A message must meet both conditions. An empty condition is
 * always met.
 *
 * - `tags`: the message has at least one of these tags.
 * - `types`: the message's type matches at least one of these patterns. Types and patterns are words separated by dots.
 *   The pattern word `*` matches exactly one non-empty word, and `#` matches any number of words.
 */

import type { Filter, Message } from "./model.ts";

type Filtered = Pick<Message, "tags" | "type">;
export type MessagePredicate = (message: Filtered) => boolean;
type TypePredicate = (type: string) => boolean;

const everything = (): boolean => true;

export function matches(filter: Filter, message: Filtered): boolean {
  return compileFilter(filter)(message);
}

/**
 * The returned predicate runs for every message and subscription, so all work that depends on the filter alone happens
 * here.
 */
export function compileFilter({ tags, types }: Filter): MessagePredicate {
  if (types.length === 0) return tagPredicate(tags);
  if (tags.length === 0) return typePredicate(types);
  const hasTag = tagPredicate(tags);
  const hasType = typePredicate(types);
  return (message) => hasTag(message) && hasType(message);
}

function tagPredicate(wanted: readonly string[]): MessagePredicate {
  const [first] = wanted;
  if (first === undefined) return everything;
  if (wanted.length === 1) return ({ tags }) => tags.includes(first);
  return ({ tags }) => tags.some((tag) => wanted.includes(tag));
}

function typePredicate(types: readonly string[]): MessagePredicate {
  const predicates = types.map(patternPredicate);
  const [first] = predicates;
  if (first === undefined) return everything;
  if (predicates.length === 1) return ({ type }) => type !== null && first(type);
  return ({ type }) => type !== null && predicates.some((matchesType) => matchesType(type));
}

function patternPredicate(typePattern: string): TypePredicate {
  const pattern = wordsOf(typePattern);
  if (pattern.length === 1 && pattern[0] === "#") return everything;
  if (!pattern.includes("*") && !pattern.includes("#")) return (type) => type === typePattern;
  return (type) => matchWords(pattern, wordsOf(type));
}

/** `"".split(".")` would return one empty word, but the empty type has no words. */
function wordsOf(type: string): readonly string[] {
  return type === "" ? [] : type.split(".");
}

/**
 * A `#` first matches no word. Each time the rest of the pattern does not match, the last `#` matches one word more.
 * Earlier `#` need no other attempt, because a longer match of an earlier `#` only leaves fewer words for the last one.
 * So matching takes at most (words of the pattern) × (words of the type) steps.
 */
function matchWords(pattern: readonly string[], words: readonly string[]): boolean {
  let at = 0;
  let word = 0;
  let afterHash = -1;
  let hashEnd = 0;
  while (word < words.length) {
    const wanted = pattern[at];
    if (wanted === "#") {
      afterHash = ++at;
      hashEnd = word;
    } else if (wanted !== undefined && (wanted === "*" ? words[word] !== "" : wanted === words[word])) {
      at++;
      word++;
    } else if (afterHash >= 0) {
      at = afterHash;
      word = ++hashEnd;
    } else {
      return false;
    }
  }
  while (pattern[at] === "#") at++;
  return at === pattern.length;
}
