import type { SubscriptionId, TimeMs, TopicId } from "../../domain/model.ts";
import type { PulledSettlement } from "../log.ts";
import { AttemptList, type AttemptColumns } from "./settle-columns.ts";

/** Receivers' answers, packed like settlements: one array of numbers for all of them. */
export interface AnswerColumns {
  /** `answerNumbers` numbers per answer, in the order of `answerFields`. */
  readonly numbers: Float64Array;
  /** Attempts of the answers with the outcome `delivered`, in the order of the answers. */
  readonly attempts: AttemptColumns;
}

export const answerFields = {
  subscriptionId: 0,
  seq: 1,
  retriesMade: 2,
  firstAttemptAtMs: 3,
  /** When the answer came. No claim takes the delivery after that, so its state at that time decides. */
  answeredAtMs: 4,
  /** NaN: delivered. */
  dueAtMs: 5,
} as const;
export const answerNumbers = 6;

export interface AnswerOutcomes {
  /** One element per answer. 1: the answer was applied. */
  readonly applied: Uint8Array;
  /** Ordering keys that the answered deliveries blocked until now, each with the index of the answer. */
  readonly freed: readonly (readonly [index: number, orderingKey: string])[];
}

/** The answers of one call, until their commit. */
export class AnswerList {
  readonly #numbers: number[] = [];
  readonly #attempts = new AttemptList();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(topicId: TopicId, id: SubscriptionId, { pulled, answer }: PulledSettlement, answeredAtMs: TimeMs): void {
    const { seq, retriesMade, firstAttemptAtMs } = pulled;
    const dueAtMs = answer.kind === "due" ? answer.dueAtMs : NaN;
    this.#numbers.push(id, seq, retriesMade, firstAttemptAtMs, answeredAtMs, dueAtMs);
    if (answer.kind === "delivered") this.#attempts.add(topicId, seq, id, answer.attempt);
    this.#count++;
  }

  static pack(lists: readonly AnswerList[]): AnswerColumns {
    return {
      numbers: Float64Array.from(lists.flatMap((list) => list.#numbers)),
      attempts: AttemptList.pack(lists.map((list) => list.#attempts)),
    };
  }
}
