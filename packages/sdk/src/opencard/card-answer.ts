/** Answers of a card's handler other than plain data. */

import type { OpencardReply } from "../protocols/opencard.ts";

/**
 * A card's own data: an object with members, of any type or interface. Arrays, Maps, Dates and functions are not JSON
 * objects and are excluded.
 */
export type CardData = Readonly<Record<string, unknown>> | (object & WithoutOtherKinds);

/** Members that only arrays, dates, functions and promises have. */
interface WithoutOtherKinds {
  readonly [Symbol.iterator]?: never;
  readonly toJSON?: never;
  readonly call?: never;
  readonly then?: never;
}

/**
 * Answers are a class, so that only {@link found}, {@link noResult} and {@link badParameters} create them. A card's
 * data is therefore never mistaken for an answer.
 */
export class CardAnswer {
  readonly reply: OpencardReply;

  constructor(reply: OpencardReply) {
    this.reply = reply;
  }
}

export interface FoundOptions {
  readonly msg?: string;
  /** Limits how long the caller may cache the data, in Unix seconds. */
  readonly lifetime?: number;
}

/** Returns status 0 with the card's data and options. A handler without options can return the data itself. */
export function found(data: CardData, options: FoundOptions = {}): CardAnswer {
  const { msg = "", lifetime } = options;
  return new CardAnswer({ status: 0, msg, data, ...(lifetime === undefined ? {} : { lifetime }) });
}

/** Status 1: the request is valid, and there is nothing to show. */
export function noResult(msg = ""): CardAnswer {
  return new CardAnswer({ status: 1, msg });
}

/** Status 2: a parameter of the request is missing or wrong. */
export function badParameters(msg = ""): CardAnswer {
  return new CardAnswer({ status: 2, msg });
}
