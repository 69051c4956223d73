import type { DatabaseSync, StatementSync } from "node:sqlite";
import { attemptFields, attemptNumbers, type AttemptColumns } from "../settle-columns.ts";
import { prepared } from "../statements.ts";

/** Writes lines of the attempt record. */
export class AttemptRows {
  readonly #insert: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insert = prepared(
      db,
      `INSERT INTO attempt (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code, reply)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /** Without those whose places are in `omitted`. */
  insert({ numbers, errorCodes, replies }: AttemptColumns, omitted: ReadonlySet<number> | null): void {
    let replyPlace = 0;
    for (let index = 0, place = 0; place < numbers.length; index++, place += attemptNumbers) {
      const status = numbers[place + attemptFields.status] as number;
      const replyBytes = numbers[place + attemptFields.replyBytes] as number;
      const reply = replyBytes === 0 ? null : replies.subarray(replyPlace, replyPlace + replyBytes);
      replyPlace += replyBytes;
      if (omitted !== null && omitted.has(index)) continue;
      this.#insert.run(
        numbers[place + attemptFields.topicId] as number,
        numbers[place + attemptFields.seq] as number,
        numbers[place + attemptFields.subscriptionId] as number,
        numbers[place + attemptFields.attempt] as number,
        numbers[place + attemptFields.startedAtMs] as number,
        numbers[place + attemptFields.durationMs] as number,
        numbers[place + attemptFields.verdict] as number,
        status === 0 ? null : status,
        errorCodes === null ? null : (errorCodes[index] as string | null),
        reply,
      );
    }
  }
}
