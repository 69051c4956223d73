/** What a card's handler can answer beside plain data. */

import type { OpencardReply } from "../protocols/opencard.ts";

/**
 * A card's own data: an object with members, of a type or an interface of the program's. No list, no Map, no Date, no
 * function: none of them is a JSON object.
 */
export type CardData = Readonly<Record<string, unknown>> | (object & WithoutOtherKinds);

/** What lists, dates, functions and promises have. */
interface WithoutOtherKinds {
  readonly [Symbol.iterator]?: never;
  readonly toJSON?: never;
  readonly call?: never;
  readonly then?: never;
}

/** Made by {@link found}, {@link noResult} and {@link badParameters} only, so that no card's data is taken for one. */
export class CardAnswer {
  readonly reply: OpencardReply;

  constructor(reply: OpencardReply) {
    this.reply = reply;
  }
}

export interface FoundOptions {
  readonly msg?: string;
  /** How long the caller may keep the data, in Unix seconds. */
  readonly lifetime?: number;
}

/** Status 0 with the card's data, for an answer that needs more than returning the data itself. */
export function found(data: CardData, options: FoundOptions = {}): CardAnswer {
  const { msg = "", lifetime } = options;
  return new CardAnswer({ status: 0, msg, data, ...(lifetime === undefined ? {} : { lifetime }) });
}

/** Status 1: the question is understood and there is nothing to show. */
export function noResult(msg = ""): CardAnswer {
  return new CardAnswer({ status: 1, msg });
}

/** Status 2: the question lacks something or has it wrong. */
export function badParameters(msg = ""): CardAnswer {
  return new CardAnswer({ status: 2, msg });
}
