import { RingbackError } from "../domain/errors.ts";
import { compileFilter } from "../domain/filter.ts";
import { limits } from "../domain/limits.ts";
import type { DeliveryState, Message, Seq, TopicId } from "../domain/model.ts";
import type { MessageFilter } from "./record-filters.ts";
import type { Examined } from "./search.ts";

/** A message without its body. */
export interface ListedMessage extends Omit<Message, "body" | "request" | "hops"> {
  readonly bodyBytes: number;
  /** null: the filter names no subscription. */
  readonly state: DeliveryState | null;
}

/**
 * Where a search finds messages. Parked deliveries and dead letters have indexes, and there are few of them. A search
 * for any other state reads the log.
 */
export type MessageSource = "log" | "parked" | "dead";

/** One read of a search, from the newest position to the oldest one. Both ends are included. */
export interface MessageScan {
  readonly topicId: TopicId;
  readonly source: MessageSource;
  readonly fromSeq: Seq;
  readonly throughSeq: Seq;
  readonly count: number;
  readonly filter: MessageFilter;
}

export function messageSource({ state }: MessageFilter): MessageSource {
  return state === "parked" || state === "dead" ? state : "log";
}

/**
 * How many messages one page examines. The state of a delivery costs a read of all attempts of its message, so fewer
 * messages are examined in a topic with many subscriptions.
 */
export function messagesExaminedMax({ subscriptionId }: MessageFilter, subscriptions: number): number {
  if (subscriptionId === undefined) return limits.recordsExaminedMax;
  const byAttempts = Math.floor(limits.attemptsExaminedMax / Math.max(1, subscriptions));
  return Math.max(1, Math.min(limits.deliveriesExaminedMax, byAttempts));
}

/** Returns the newest position that comes after a page. Throws `invalid_cursor`. */
export function throughSeqOf(after: string | null, lastSeq: Seq): Seq {
  if (after === null) return lastSeq;
  if (!/^\d{1,15}$/.test(after)) throw new RingbackError("invalid_cursor");
  return Math.min(lastSeq, Number(after) - 1);
}

/** Whether the message meets the conditions that need no other rows. */
export function messagePredicate(filter: MessageFilter): (message: Omit<ListedMessage, "state">) => boolean {
  const { type, tag, attribute, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = filter;
  const matches = compileFilter({
    tags: tag === undefined ? [] : [tag],
    types: type === undefined ? [] : [type],
  });
  return (message) => {
    const { publishedAtMs, attributes } = message;
    if (publishedAtMs < fromMs || publishedAtMs >= toMs || !matches(message)) return false;
    if (attribute === undefined) return true;
    return Object.hasOwn(attributes, attribute.name) && attributes[attribute.name] === attribute.value;
  };
}

/** A search in the log examines every position of the read, whether or not it has a message that matches. */
export function examinedPositions(
  { fromSeq, throughSeq, count }: MessageScan,
  found: readonly ListedMessage[],
): readonly Examined<ListedMessage>[] {
  const bySeq = new Map(found.map((message) => [message.seq, message]));
  const length = Math.max(0, Math.min(count, throughSeq - fromSeq + 1));
  return examinedSeqs(
    Array.from({ length }, (_, index) => throughSeq - index),
    bySeq,
  );
}

export function examinedSeqs(
  seqs: readonly Seq[],
  found: ReadonlyMap<Seq, ListedMessage>,
): readonly Examined<ListedMessage>[] {
  return seqs.map((seq) => ({ position: String(seq), item: found.get(seq) ?? null }));
}
