import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { AttemptColumns, CursorColumns } from "../settle-columns.ts";
import type { AccountId, DeadReason, Message, Seq, SubscriptionId, TimeMs } from "../../../domain/model.ts";
import type { AnswerColumns } from "../answer-columns.ts";
import { prepared } from "../statements.ts";
import type { AttemptRows } from "./attempt-rows.ts";

export interface ParkRow {
  readonly subscriptionId: SubscriptionId;
  readonly seq: Seq;
  /** null: held behind an earlier parked delivery of its key, or due at `nowMs` if there is none. */
  readonly dueAtMs: TimeMs | null;
  readonly attempts: number;
  readonly retries: number;
  readonly firstAttemptAtMs: TimeMs | null;
  /** Set only when the delivery holds later deliveries of its key back. */
  readonly orderingKey: string | null;
}

export interface UnparkRow {
  readonly subscriptionId: SubscriptionId;
  readonly seq: Seq;
  /** The key whose next held delivery becomes due at `nowMs`. */
  readonly orderingKey: string | null;
  readonly deadLetterId: number | null;
  /** The message is lost, so the delivery counts as expired. */
  readonly expired: boolean;
}

export interface DeadRow {
  readonly accountId: AccountId;
  readonly subscriptionId: SubscriptionId;
  readonly message: Message;
  readonly reason: DeadReason;
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastErrorCode: string | null;
  readonly lastReply: Uint8Array | null;
  /** The dead letter that was redriven and is listed again; null: a new dead letter is written. */
  readonly deadLetterId: number | null;
}

/** Everything that one commit settles. Exceptions (parked, dead) are rows; the common case is columns. */
export interface SettleGroup {
  readonly nowMs: TimeMs;
  readonly attempts: AttemptColumns;
  readonly cursors: CursorColumns;
  readonly dead: DeadRow[];
  readonly unparked: UnparkRow[];
  readonly parked: ParkRow[];
  readonly answers: AnswerColumns | null;
}

/** Makes the first parked delivery of a key due, if it was held. Parameters: time, subscription, key. */
export const promoteSql = `UPDATE parked SET due_at = ?1 WHERE subscription_id = ?2 AND due_at IS NULL AND seq =
  (SELECT min(seq) FROM parked WHERE subscription_id = ?2 AND ordering_key = ?3)`;

export class SettleOperation {
  readonly #attempts: AttemptRows;
  readonly #cursor: StatementSync;
  readonly #park: StatementSync;
  readonly #unpark: StatementSync;
  readonly #expire: StatementSync;
  readonly #promote: StatementSync;
  readonly #dropDead: StatementSync;
  readonly #reviveDead: StatementSync;
  readonly #dead: StatementSync;

  constructor(db: DatabaseSync, attempts: AttemptRows) {
    this.#attempts = attempts;
    this.#cursor = prepared(db, "UPDATE cursor SET settled_through = ?, ahead = ? WHERE subscription_id = ?");
    // A redriven delivery that fails again keeps its dead letter.
    this.#park = prepared(
      db,
      `INSERT INTO parked (subscription_id, seq, due_at, attempts, retries, first_attempt_at, ordering_key)
       VALUES (?1, ?2, coalesce(?3, CASE WHEN EXISTS (
         SELECT 1 FROM parked WHERE subscription_id = ?1 AND ordering_key = ?7 AND seq < ?2) THEN NULL ELSE ?8 END),
         ?4, ?5, ?6, ?7)
       ON CONFLICT (subscription_id, seq) DO UPDATE SET due_at = excluded.due_at, attempts = excluded.attempts,
         retries = excluded.retries, first_attempt_at = excluded.first_attempt_at, ordering_key = excluded.ordering_key`,
    );
    this.#unpark = prepared(db, "DELETE FROM parked WHERE subscription_id = ? AND seq = ?");
    this.#expire = prepared(db, "UPDATE cursor SET expired = expired + 1 WHERE subscription_id = ?");
    this.#promote = prepared(db, promoteSql);
    this.#dropDead = prepared(db, "DELETE FROM dead_letter WHERE id = ?");
    this.#reviveDead = prepared(
      db,
      `UPDATE dead_letter SET redriven_at = NULL, reason = ?, attempts = ?, died_at = ?, last_status = ?,
         last_error_code = ?, last_reply = ? WHERE id = ?`,
    );
    this.#dead = prepared(
      db,
      `INSERT INTO dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
         last_error_code, last_reply, published_at, deliver_at, content_type, tags, type, ordering_key,
         attributes, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  run(group: SettleGroup): void {
    this.#attempts.insert(group.attempts, null);
    this.#writeCursors(group.cursors);
    for (const row of group.dead) this.#writeDead(row, group.nowMs);
    // Parked before unparked: a delivery that was parked while open and has finished since is in both.
    for (const row of group.parked) {
      this.#park.run(
        row.subscriptionId,
        row.seq,
        row.dueAtMs,
        row.attempts,
        row.retries,
        row.firstAttemptAtMs,
        row.orderingKey,
        group.nowMs,
      );
    }
    for (const row of group.unparked) {
      this.#unpark.run(row.subscriptionId, row.seq);
      if (row.expired) this.#expire.run(row.subscriptionId);
      if (row.deadLetterId !== null) this.#dropDead.run(row.deadLetterId);
    }
    // Last, when only the remaining rows of the key are in the table.
    for (const row of group.unparked) {
      if (row.orderingKey !== null) {
        this.#promote.run(group.nowMs, row.subscriptionId, row.orderingKey);
      }
    }
  }

  #writeCursors({ numbers, ahead }: CursorColumns): void {
    let next = 0;
    for (let offset = 0; offset < numbers.length; offset += 2) {
      const bits = ahead[next]?.[0] === offset / 2 ? (ahead[next++]?.[1] ?? null) : null;
      this.#cursor.run(numbers[offset + 1] as number, bits, numbers[offset] as number);
    }
  }

  #writeDead(row: DeadRow, nowMs: TimeMs): void {
    if (row.deadLetterId !== null) {
      this.#reviveDead.run(
        row.reason,
        row.attempts,
        nowMs,
        row.lastStatus,
        row.lastErrorCode,
        row.lastReply,
        row.deadLetterId,
      );
      return;
    }
    const message = row.message;
    this.#dead.run(
      row.accountId,
      row.subscriptionId,
      message.topicId,
      message.seq,
      row.reason,
      row.attempts,
      nowMs,
      row.lastStatus,
      row.lastErrorCode,
      row.lastReply,
      message.publishedAtMs,
      message.deliverAtMs,
      message.contentType,
      message.tags.length === 0 ? null : JSON.stringify(message.tags),
      message.type,
      message.orderingKey,
      Object.keys(message.attributes).length === 0 ? null : JSON.stringify(message.attributes),
      message.body,
    );
  }
}
