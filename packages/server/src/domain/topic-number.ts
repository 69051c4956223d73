/**
 * The id of a topic is unique for ever. Its low 23 bits are the topic's number, which is part of message ids. Its high
 * bits count how many topics had this number before. So a deleted topic's number can be given to a new topic, although
 * everything that is stored under a topic's id still belongs to one topic.
 *
 * The positions of the new topic continue after those of the earlier one, so that no message id is issued twice. See
 * docs/adr/0003-a-message-id-is-topic-and-position.md.
 */

import { limits } from "./limits.ts";
import type { Seq, TopicId } from "./model.ts";
import { permuted } from "./permutation.ts";

/** The low 23 bits of a topic's id. */
const NUMBERS = 2 ** 23;
/** Most positions of a number may be used up by earlier topics. The others are left for its last topic. */
const EARLIER_SEQ_MAX: Seq = 2 ** 39;

export function topicNumber(id: TopicId): number {
  return id % NUMBERS;
}

/** The last topic that had a number, and the last position of its log. */
export interface ReleasedNumber {
  readonly topicId: TopicId;
  readonly lastSeq: Seq;
}

export function isReusable({ topicId, lastSeq }: ReleasedNumber): boolean {
  return lastSeq <= EARLIER_SEQ_MAX && Number.isSafeInteger(topicId + NUMBERS);
}

export interface TopicNumberLimits {
  readonly topicNumbersMax: number;
  readonly topicNumbersResting: number;
}

export interface NumbersInUse {
  /** How many numbers topics have had. */
  readonly last: number;
  /** Secret of the database. Determines the order in which numbers are given to topics. */
  readonly key: Uint8Array;
  /** The number that was released first. `later`: how many numbers were released after it. */
  readonly released: (ReleasedNumber & { readonly later: number }) | null;
}

export interface NewTopicNumber {
  readonly id: TopicId;
  /** The position of the first message. */
  readonly firstSeq: Seq;
  /** True: `released` is used. False: a number is used that no topic has had. */
  readonly isReused: boolean;
}

/**
 * Chooses the id of a new topic. Numbers are not given out by size, so that they do not show an account how many topics
 * other accounts have. A released number rests until enough others were released after it, so that few topics
 * begin at a position above 1. Returns null when every number is in use.
 */
export function newTopicNumber(
  { last, key, released }: NumbersInUse,
  { topicNumbersMax, topicNumbersResting }: TopicNumberLimits = limits,
): NewTopicNumber | null {
  const isFreshLeft = last < topicNumbersMax;
  if (released !== null && (!isFreshLeft || released.later >= topicNumbersResting)) {
    return { id: topicIdOf(released.topicId + NUMBERS), firstSeq: released.lastSeq + 1, isReused: true };
  }
  const number = isFreshLeft ? permuted(key, last + 1, topicNumbersMax) : null;
  return number === null ? null : { id: topicIdOf(number), firstSeq: 1, isReused: false };
}

function topicIdOf(id: number): TopicId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here.
  return id as TopicId;
}
