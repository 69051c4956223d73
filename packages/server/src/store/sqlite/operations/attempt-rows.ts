import type { DatabaseSync, StatementSync } from "node:sqlite";
import { attemptFields, attemptNumbers, type AttemptColumns } from "../settle-columns.ts";
import { prepared } from "../statements.ts";

/** Writes attempts. */
export class AttemptRows {
  readonly #insert: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insert = prepared(
      db,
      `INSERT INTO attempt (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code, reply)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /** `omitted`: indexes of attempts that are not written. */
  insert({ numbers, errorCodes, replies }: AttemptColumns, omitted: ReadonlySet<number> | null): void {
    let replyOffset = 0;
    for (let index = 0, offset = 0; offset < numbers.length; index++, offset += attemptNumbers) {
      const status = numbers[offset + attemptFields.status] as number;
      const replyBytes = numbers[offset + attemptFields.replyBytes] as number;
      const reply = replyBytes < 0 ? null : replies.subarray(replyOffset, replyOffset + replyBytes);
      replyOffset += reply?.byteLength ?? 0;
      if (omitted !== null && omitted.has(index)) continue;
      this.#insert.run(
        numbers[offset + attemptFields.topicId] as number,
        numbers[offset + attemptFields.seq] as number,
        numbers[offset + attemptFields.subscriptionId] as number,
        numbers[offset + attemptFields.attempt] as number,
        numbers[offset + attemptFields.startedAtMs] as number,
        numbers[offset + attemptFields.durationMs] as number,
        numbers[offset + attemptFields.verdict] as number,
        status === 0 ? null : status,
        errorCodes === null ? null : (errorCodes[index] as string | null),
        reply,
      );
    }
  }
}
