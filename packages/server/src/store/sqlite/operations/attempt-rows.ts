import type { DatabaseSync } from "node:sqlite";
import { attemptFields, attemptNumbers, type AttemptColumns } from "../settle-columns.ts";
import { statement } from "../statements.ts";

/** Writes attempts. `omitted`: indexes of attempts that are not written. */
export function insertAttempts(
  db: DatabaseSync,
  { numbers, errorCodes, errorDetails, replies }: AttemptColumns,
  omitted: ReadonlySet<number> | null = null,
): void {
  const insert = statement(
    db,
    `INSERT INTO attempt (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code,
       error_detail, reply)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  let replyOffset = 0;
  for (let index = 0, offset = 0; offset < numbers.length; index++, offset += attemptNumbers) {
    const status = numbers[offset + attemptFields.status] as number;
    const replyBytes = numbers[offset + attemptFields.replyBytes] as number;
    const reply = replyBytes < 0 ? null : replies.subarray(replyOffset, replyOffset + replyBytes);
    replyOffset += reply?.byteLength ?? 0;
    if (omitted !== null && omitted.has(index)) continue;
    insert.run(
      numbers[offset + attemptFields.topicId] as number,
      numbers[offset + attemptFields.seq] as number,
      numbers[offset + attemptFields.subscriptionId] as number,
      numbers[offset + attemptFields.attempt] as number,
      numbers[offset + attemptFields.startedAtMs] as number,
      numbers[offset + attemptFields.durationMs] as number,
      numbers[offset + attemptFields.verdict] as number,
      status === 0 ? null : status,
      errorCodes?.[index] ?? null,
      errorDetails?.[index] ?? null,
      reply,
    );
  }
}
