import type { Seq, SubscriptionId, TimeMs, TopicId } from "../../domain/model.ts";
import type { PulledSettlement } from "../log.ts";
import { AttemptList, type AttemptColumns } from "./settle-columns.ts";

/** What receivers say, packed as settlements are: one array of numbers for all of them. */
export interface AnswerColumns {
  /** `answerNumbers` per answer, in the order of `answerFields`. */
  readonly numbers: Float64Array;
  /** Of those that say `delivered`, in their order. */
  readonly attempts: AttemptColumns;
}

export const answerFields = {
  subscriptionId: 0,
  seq: 1,
  retriesMade: 2,
  firstAttemptAtMs: 3,
  /** When the answer came: what was hidden then has been kept from claims since. */
  saidAtMs: 4,
  /** NaN: delivered. */
  dueAtMs: 5,
} as const;
export const answerNumbers = 6;

/** What became of them. */
export interface AnswerOutcomes {
  /** 1: applied. */
  readonly applied: Uint8Array;
  /** The keys that held others back until now: place of the answer, and key. */
  readonly freed: readonly (readonly [place: number, orderingKey: string])[];
}

/** Answers of one call, until their commit. */
export class AnswerList {
  readonly #numbers: number[] = [];
  readonly #attempts = new AttemptList();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(topicId: TopicId, id: SubscriptionId, { pulled, answer }: PulledSettlement, saidAtMs: TimeMs): void {
    const { seq, retriesMade, firstAttemptAtMs } = pulled;
    const dueAtMs = answer.kind === "due" ? answer.dueAtMs : NaN;
    this.#numbers.push(id, seq, retriesMade, firstAttemptAtMs, saidAtMs, dueAtMs);
    if (answer.kind === "delivered") this.#attempts.add(topicId, seq, id, answer.attempt);
    this.#count++;
  }

  seqAt(place: number): Seq {
    return this.#numbers[place * answerNumbers + answerFields.seq] as number;
  }

  /** null: delivered. */
  dueAt(place: number): TimeMs | null {
    const dueAtMs = this.#numbers[place * answerNumbers + answerFields.dueAtMs] as number;
    return Number.isNaN(dueAtMs) ? null : dueAtMs;
  }

  static pack(lists: readonly AnswerList[]): AnswerColumns {
    return {
      numbers: Float64Array.from(lists.flatMap((list) => list.#numbers)),
      attempts: AttemptList.pack(lists.map((list) => list.#attempts)),
    };
  }
}
