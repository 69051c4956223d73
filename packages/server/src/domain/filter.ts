/**
 * Which messages a subscription gets. `tags`: the message shares at least one. `types`: the message's type matches at least
 * one pattern, where words stand between dots, `*` is exactly one word that is not empty, and `#` any number of words. A
 * condition that is empty lets every message through; both must hold.
 */

import type { Filter, Message } from "./model.ts";

type Filtered = Pick<Message, "tags" | "type">;
export type MessagePredicate = (message: Filtered) => boolean;
type KeyPredicate = (type: string) => boolean;

const everything = (): boolean => true;

export function matches(filter: Filter, message: Filtered): boolean {
  return compileFilter(filter)(message);
}

/** The predicate runs for each message and subscription, so everything that depends on the filter alone is done once, here. */
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
  const fitting = types.map(keyPredicate);
  const [first] = fitting;
  if (first === undefined) return everything;
  if (fitting.length === 1) return ({ type }) => type !== null && first(type);
  return ({ type }) => type !== null && fitting.some((fits) => fits(type));
}

function keyPredicate(typePattern: string): KeyPredicate {
  const pattern = wordsOf(typePattern);
  if (pattern.length === 1 && pattern[0] === "#") return everything;
  if (!pattern.includes("*") && !pattern.includes("#")) return (type) => type === typePattern;
  return (type) => wordsFit(pattern, wordsOf(type));
}

/** No key at all is no word, not one empty word. */
function wordsOf(key: string): readonly string[] {
  return key === "" ? [] : key.split(".");
}

/**
 * Every `#` first stands for no word and takes one more whenever the rest does not fit. Only the last `#` met needs to:
 * what comes before it already fits, and a longer match of an earlier one could not leave more to the later. So the
 * work is at most words times words, whatever the pattern.
 */
function wordsFit(pattern: readonly string[], words: readonly string[]): boolean {
  let at = 0;
  let word = 0;
  let afterHash = -1;
  let hashTakesTo = 0;
  while (word < words.length) {
    const wanted = pattern[at];
    if (wanted === "#") {
      afterHash = ++at;
      hashTakesTo = word;
    } else if (wanted !== undefined && (wanted === "*" ? words[word] !== "" : wanted === words[word])) {
      at++;
      word++;
    } else if (afterHash >= 0) {
      at = afterHash;
      word = ++hashTakesTo;
    } else {
      return false;
    }
  }
  while (pattern[at] === "#") at++;
  return at === pattern.length;
}
