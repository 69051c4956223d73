import type { MessageId, Seq, TopicId } from "./model.ts";
import { topicNumber } from "./topic-number.ts";

/**
 * A message id is composed of the topic's number (23 bits) and the message's position in the topic's log (40 bits). So
 * an id fits in 63 bits, is unique without coordination between nodes, and leads to its message without an index.
 */
const SEQ_BITS = 40n;
export const SEQ_MAX: Seq = 2 ** 40 - 1;
/**
 * A log with this position takes no more messages, because another topic would have the ids after `SEQ_MAX`. Many fewer
 * messages than remain are appended in one commit.
 */
export const SEQ_FULL: Seq = SEQ_MAX - 2 ** 20;
const SEQ_MASK = (1n << SEQ_BITS) - 1n;
const NUMBER_MAX = 2n ** 23n - 1n;

export function messageIdToBigInt(topicId: TopicId, seq: Seq): bigint {
  return (BigInt(topicNumber(topicId)) << SEQ_BITS) | BigInt(seq);
}

export function messageId(topicId: TopicId, seq: Seq): MessageId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here.
  return messageIdToBigInt(topicId, seq).toString() as MessageId;
}

/** The last positions of a log. No message gets one of them, because a log is full long before. */
const UNUSED_SEQS = 2 ** 19;

/** Returns a position that no stored message has. `random`: from 0 to below 1. */
export function unusedSeq(random: number): Seq {
  return SEQ_MAX - Math.floor(random * UNUSED_SEQS);
}

/** Where a message is: the number of its topic, and its position. */
export interface MessagePosition {
  readonly number: number;
  readonly seq: Seq;
}

/** Returns null for a text that no Ringback server could have created as an id. */
export function parseMessageId(text: string): MessagePosition | null {
  if (!/^[1-9]\d{0,19}$/.test(text)) return null;
  const value = BigInt(text);
  const number = value >> SEQ_BITS;
  const seq = value & SEQ_MASK;
  if (number < 1n || number > NUMBER_MAX || seq < 1n) return null;
  return { number: Number(number), seq: Number(seq) };
}
