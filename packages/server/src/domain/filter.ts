/**
 * Which messages a subscription gets: CMQ's two kinds of filter.
 *
 * By tag: a subscription without tags gets everything; one with tags gets the messages that share at least one.
 * By route: a subscription without binding keys gets everything; one with them gets the messages whose routing key fits
 * at least one. Words stand between dots; `*` is exactly one word that is not empty, `#` any number of words.
 */

import type { Filter, FilterType, Message } from "./model.ts";

type Filtered = Pick<Message, "tags" | "routingKey">;
export type MessagePredicate = (message: Filtered) => boolean;
type KeyPredicate = (routingKey: string) => boolean;

const everything = (): boolean => true;

export function matches(filter: Filter, filterType: FilterType, message: Filtered): boolean {
  return compileFilter(filter, filterType)(message);
}

/** Runs for each message and subscription, so whatever depends on the filter alone is done here, once. */
export function compileFilter(filter: Filter, filterType: FilterType): MessagePredicate {
  return filterType === "tag" ? tagPredicate(filter.tags) : routePredicate(filter.bindingKeys);
}

function tagPredicate(wanted: readonly string[]): MessagePredicate {
  const [first] = wanted;
  if (first === undefined) return everything;
  if (wanted.length === 1) return ({ tags }) => tags.includes(first);
  return ({ tags }) => tags.some((tag) => wanted.includes(tag));
}

function routePredicate(bindingKeys: readonly string[]): MessagePredicate {
  const fitting = bindingKeys.map(keyPredicate);
  const [first] = fitting;
  if (first === undefined) return everything;
  if (fitting.length === 1) return ({ routingKey }) => routingKey !== null && first(routingKey);
  return ({ routingKey }) => routingKey !== null && fitting.some((fits) => fits(routingKey));
}

function keyPredicate(bindingKey: string): KeyPredicate {
  const pattern = wordsOf(bindingKey);
  if (pattern.length === 1 && pattern[0] === "#") return everything;
  if (!pattern.includes("*") && !pattern.includes("#")) return (routingKey) => routingKey === bindingKey;
  return (routingKey) => wordsFit(pattern, wordsOf(routingKey));
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
