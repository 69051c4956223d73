import type { Attempt, AttemptVerdict, Seq, SubscriptionId, TopicId } from "../../domain/model.ts";
import { verdictCodes } from "../record-rows.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

/**
 * Attempts in packed form. An array of numbers is transferred to the writing thread without a copy. An object per
 * delivery would be copied field by field: as measured, one object and one reply buffer took 3 µs each, of the 50 µs
 * that a delivery takes.
 */
export interface AttemptColumns {
  /** `attemptNumbers` numbers per attempt, in the order of `attemptFields`. */
  readonly numbers: Float64Array;
  /** One error code, or null, per attempt; null: no attempt has a code. */
  readonly errorCodes: (string | null)[] | null;
  /** One error detail, or null, per attempt; null: no attempt has a detail. */
  readonly errorDetails: (string | null)[] | null;
  /** The kept bytes of all replies, one after the other. */
  readonly replies: Uint8Array;
}

export const attemptFields = {
  topicId: 0,
  seq: 1,
  subscriptionId: 2,
  attempt: 3,
  startedAtMs: 4,
  durationMs: 5,
  verdict: 6,
  /** 0: no reply came. */
  status: 7,
  /** -1: no reply came. */
  replyBytes: 8,
} as const;
export const attemptNumbers = 9;

export interface CursorColumns {
  /** Subscription id and settled_through of each cursor. */
  readonly numbers: Float64Array;
  /** Bits for settled positions after settled_through. Few cursors have such positions. `index`: that of the cursor. */
  readonly ahead: (readonly [index: number, bits: Uint8Array])[];
}

/** The attempts of one call to `settle`, until their commit. */
export class AttemptList {
  readonly #numbers: number[] = [];
  readonly #errorCodes: (string | null)[] = [];
  readonly #errorDetails: (string | null)[] = [];
  readonly #replies: Uint8Array[] = [];
  #anyCode = false;
  #anyDetail = false;
  #replyBytes = 0;

  get count(): number {
    return this.#errorCodes.length;
  }

  add(topicId: TopicId, seq: Seq, subscriptionId: SubscriptionId, attempt: Attempt): void {
    this.#numbers.push(
      topicId,
      seq,
      subscriptionId,
      attempt.attempt,
      attempt.startedAtMs,
      attempt.durationMs,
      verdictCodes.indexOf(attempt.verdict),
      attempt.status ?? 0,
      attempt.reply?.byteLength ?? -1,
    );
    this.#errorCodes.push(attempt.errorCode);
    if (attempt.errorCode !== null) this.#anyCode = true;
    this.#errorDetails.push(attempt.errorDetail);
    if (attempt.errorDetail !== null) this.#anyDetail = true;
    if (attempt.reply === null) return;
    this.#replies.push(attempt.reply);
    this.#replyBytes += attempt.reply.byteLength;
  }

  /** The positions of the subscription's messages that have an attempt here. */
  seqsOf(subscriptionId: SubscriptionId): Seq[] {
    const seqs: Seq[] = [];
    for (let offset = 0; offset < this.#numbers.length; offset += attemptNumbers) {
      if (this.#numbers[offset + attemptFields.subscriptionId] !== subscriptionId) continue;
      seqs.push(this.#numbers[offset + attemptFields.seq] as number);
    }
    return seqs;
  }

  /** The attempts to deliver the message at `seq`, in the order in which they were added. */
  of(subscriptionId: SubscriptionId, seq: Seq): Attempt[] {
    const found: Attempt[] = [];
    let replies = 0;
    for (let index = 0, offset = 0; index < this.count; index++, offset += attemptNumbers) {
      const number = (field: number): number => this.#numbers[offset + field] as number;
      const reply = number(attemptFields.replyBytes) < 0 ? null : (this.#replies[replies++] as Uint8Array);
      if (number(attemptFields.subscriptionId) !== subscriptionId || number(attemptFields.seq) !== seq) continue;
      found.push({
        attempt: number(attemptFields.attempt),
        startedAtMs: number(attemptFields.startedAtMs),
        durationMs: number(attemptFields.durationMs),
        verdict: verdictCodes[number(attemptFields.verdict)] as AttemptVerdict,
        status: number(attemptFields.status) || null,
        errorCode: this.#errorCodes[index] ?? null,
        errorDetail: this.#errorDetails[index] ?? null,
        reply,
      });
    }
    return found;
  }

  static pack(lists: readonly AttemptList[]): AttemptColumns {
    let count = 0;
    let replyBytes = 0;
    let anyCode = false;
    let anyDetail = false;
    for (const list of lists) {
      count += list.count;
      replyBytes += list.#replyBytes;
      anyCode ||= list.#anyCode;
      anyDetail ||= list.#anyDetail;
    }
    const numbers = new Float64Array(count * attemptNumbers);
    const replies = new Uint8Array(replyBytes);
    let offset = 0;
    let replyOffset = 0;
    for (const list of lists) {
      numbers.set(list.#numbers, offset);
      offset += list.#numbers.length;
      for (const reply of list.#replies) {
        replies.set(reply, replyOffset);
        replyOffset += reply.byteLength;
      }
    }
    return {
      numbers,
      replies,
      errorCodes: anyCode ? lists.flatMap((list) => list.#errorCodes) : null,
      errorDetails: anyDetail ? lists.flatMap((list) => list.#errorDetails) : null,
    };
  }
}

/** `unwritten`: positions that the cursors have settled in memory, and that the written cursors leave unsettled. */
export function packCursors(
  entries: Iterable<SubscriptionEntry>,
  unwritten: ReadonlyMap<SubscriptionEntry, readonly Seq[]>,
): CursorColumns {
  const numbers: number[] = [];
  const ahead: (readonly [number, Uint8Array])[] = [];
  for (const entry of entries) {
    if (entry.removed) continue;
    const seqs = unwritten.get(entry);
    const cursor = seqs === undefined ? entry.cursor : entry.cursor.without(seqs);
    const bits = cursor.ahead();
    if (bits !== null) ahead.push([numbers.length / 2, bits]);
    numbers.push(entry.id, cursor.settledThrough);
  }
  return { numbers: Float64Array.from(numbers), ahead };
}
