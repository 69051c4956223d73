import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { TimeMs } from "../../../domain/model.ts";
import { answerFields, answerNumbers, type AnswerColumns, type AnswerOutcomes } from "../answer-columns.ts";
import { prepared } from "../statements.ts";
import type { AttemptRows } from "./attempt-rows.ts";
import { promoteSql } from "./settle.ts";

/** The delivery is unchanged since the pull, and was still invisible when the answer arrived. */
const isUnchanged = "subscription_id = ?1 AND seq = ?2 AND retries = ?3 AND first_attempt_at = ?4 AND due_at > ?5";

/** Applies receivers' answers to the parked deliveries that they pulled. */
export class AnswerOperation {
  readonly #attempts: AttemptRows;
  readonly #end: StatementSync;
  readonly #putOff: StatementSync;
  readonly #dropDead: StatementSync;
  readonly #promote: StatementSync;

  constructor(db: DatabaseSync, attempts: AttemptRows) {
    this.#attempts = attempts;
    this.#end = prepared(db, `DELETE FROM parked WHERE ${isUnchanged} RETURNING ordering_key, dead_letter_id`);
    this.#putOff = prepared(db, `UPDATE parked SET due_at = ?6 WHERE ${isUnchanged}`);
    this.#dropDead = prepared(db, "DELETE FROM dead_letter WHERE id = ?");
    this.#promote = prepared(db, promoteSql);
  }

  run({ numbers, attempts }: AnswerColumns, nowMs: TimeMs): AnswerOutcomes {
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
        const { changes } = this.#putOff.run(id, seq, retries, firstAttemptAtMs, answeredAtMs, dueAtMs);
        applied[index] = Number(changes);
        continue;
      }
      const row = this.#end.get(id, seq, retries, firstAttemptAtMs, answeredAtMs) as
        | { readonly ordering_key: string | null; readonly dead_letter_id: number | null }
        | undefined;
      if (row === undefined) unwritten.add(deliveredCount);
      else {
        applied[index] = 1;
        if (row.dead_letter_id !== null) this.#dropDead.run(row.dead_letter_id);
        if (row.ordering_key !== null) freed.push([index, row.ordering_key]);
      }
      deliveredCount++;
    }
    this.#attempts.insert(attempts, unwritten);
    // After all rows are removed, so that only remaining rows can become due.
    for (const [index, key] of freed) {
      const id = numbers[index * answerNumbers + answerFields.subscriptionId] as number;
      this.#promote.run(nowMs, id, key);
    }
    return { applied, freed };
  }
}
