import type { DatabaseSync } from "node:sqlite";
import type { SubscriptionId, TimeMs } from "../../../domain/model.ts";
import { answerFields, answerNumbers, type AnswerColumns, type AnswerOutcomes } from "../answer-columns.ts";
import { statement } from "../statements.ts";
import { insertAttempts } from "./attempt-rows.ts";
import { removeDeadLetter } from "./dead-letter-rows.ts";
import { promote } from "./promote.ts";

/** The delivery is unchanged since the pull, and was still invisible when the answer arrived. */
const isUnchanged = "subscription_id = ?1 AND seq = ?2 AND retries = ?3 AND first_attempt_at = ?4 AND due_at > ?5";

/** Applies receivers' answers to the parked deliveries that they pulled. */
export function applyAnswers(db: DatabaseSync, { numbers, attempts }: AnswerColumns, nowMs: TimeMs): AnswerOutcomes {
  const end = statement(db, `DELETE FROM parked WHERE ${isUnchanged} RETURNING ordering_key, dead_letter_id`);
  const putOff = statement(db, `UPDATE parked SET due_at = ?6 WHERE ${isUnchanged}`);
  const applied = new Uint8Array(numbers.length / answerNumbers);
  const freed: (readonly [number, string])[] = [];
  const unwritten = new Set<number>();
  let deliveredCount = 0;
  for (let index = 0; index < applied.length; index++) {
    const [id, seq, retries, firstAttemptAtMs, answeredAtMs, dueAtMs] = numbers.subarray(
      index * answerNumbers,
      (index + 1) * answerNumbers,
    ) as unknown as [number, number, number, number, number, number];
    if (!Number.isNaN(dueAtMs)) {
      applied[index] = Number(putOff.run(id, seq, retries, firstAttemptAtMs, answeredAtMs, dueAtMs).changes);
      continue;
    }
    const row = end.get(id, seq, retries, firstAttemptAtMs, answeredAtMs) as
      | { readonly ordering_key: string | null; readonly dead_letter_id: number | null }
      | undefined;
    if (row === undefined) unwritten.add(deliveredCount);
    else {
      applied[index] = 1;
      removeDeadLetter(db, row.dead_letter_id);
      if (row.ordering_key !== null) freed.push([index, row.ordering_key]);
    }
    deliveredCount++;
  }
  insertAttempts(db, attempts, unwritten);
  // Promoted only after all rows are removed, so that only remaining rows can become due.
  for (const [index, key] of freed) {
    promote(db, nowMs, numbers[index * answerNumbers + answerFields.subscriptionId] as SubscriptionId, key);
  }
  return { applied, freed };
}
