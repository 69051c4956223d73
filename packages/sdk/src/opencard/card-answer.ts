/** What a card's handler can answer beside plain data. */

import type { OpencardReply } from "../protocols/opencard.ts";

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
export function found(data: object, options: FoundOptions = {}): CardAnswer {
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
