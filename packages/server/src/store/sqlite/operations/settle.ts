import type { DatabaseSync, StatementSync } from "node:sqlite";
import { attemptVerdictCodes } from "../rows.ts";
import type {
  AccountId,
  AttemptVerdict,
  DeadReason,
  Message,
  Seq,
  SubscriptionId,
  TimeMs,
  TopicId,
} from "../../../domain/model.ts";

/** What every settlement writes: its line in the attempt record. Column by column, as in `AppendGroup`. */
export interface AttemptColumns {
  readonly topicIds: TopicId[];
  readonly seqs: Seq[];
  readonly subscriptionIds: SubscriptionId[];
  readonly attempts: number[];
  readonly startedAtMs: TimeMs[];
  readonly durationsMs: number[];
  readonly verdicts: AttemptVerdict[];
  readonly statuses: (number | null)[];
  readonly errorCodes: (string | null)[];
  /** null where the reply was empty or none came. */
  readonly replies: (Uint8Array | null)[];
}

export interface CursorRow {
  readonly subscriptionId: SubscriptionId;
  readonly settledThrough: Seq;
  readonly ahead: Uint8Array | null;
}

export interface ParkRow {
  readonly subscriptionId: SubscriptionId;
  readonly seq: Seq;
  /** null: held behind an earlier delivery of its key. */
  readonly dueAtMs: TimeMs | null;
  readonly attempts: number;
  readonly retries: number;
  readonly firstAttemptAtMs: TimeMs | null;
  /** Set only when the row holds its successors back. */
  readonly orderingKey: string | null;
}

export interface UnparkRow {
  readonly subscriptionId: SubscriptionId;
  readonly seq: Seq;
  /** The key whose next held delivery becomes due at `nowMs`. */
  readonly orderingKey: string | null;
  readonly deadLetterId: number | null;
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
  /** It was a dead letter before and has been redriven: that one comes back. */
  readonly deadLetterId: number | null;
}

/** Everything that one commit settles. Exceptions (parked, dead) come as rows, the common case as columns. */
export interface SettleGroup {
  readonly nowMs: TimeMs;
  readonly attempts: AttemptColumns;
  readonly cursors: CursorRow[];
  readonly dead: DeadRow[];
  readonly unparked: UnparkRow[];
  readonly parked: ParkRow[];
}

export class SettleOperation {
  readonly #attempt: StatementSync;
  readonly #cursor: StatementSync;
  readonly #park: StatementSync;
  readonly #unpark: StatementSync;
  readonly #promote: StatementSync;
  readonly #dropDead: StatementSync;
  readonly #reviveDead: StatementSync;
  readonly #dead: StatementSync;

  constructor(db: DatabaseSync) {
    this.#attempt = db.prepare(
      `INSERT INTO attempt (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code, reply)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#cursor = db.prepare("UPDATE cursor SET settled_through = ?, ahead = ? WHERE subscription_id = ?");
    // A redriven delivery that fails again stays tied to its dead letter.
    this.#park = db.prepare(
      `INSERT INTO parked (subscription_id, seq, due_at, attempts, retries, first_attempt_at, ordering_key)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (subscription_id, seq) DO UPDATE SET due_at = excluded.due_at, attempts = excluded.attempts,
         retries = excluded.retries, first_attempt_at = excluded.first_attempt_at, ordering_key = excluded.ordering_key`,
    );
    this.#unpark = db.prepare("DELETE FROM parked WHERE subscription_id = ? AND seq = ?");
    this.#promote = db.prepare(
      `UPDATE parked SET due_at = ? WHERE subscription_id = ? AND due_at IS NULL AND seq =
         (SELECT min(seq) FROM parked WHERE subscription_id = ? AND ordering_key = ?)`,
    );
    this.#dropDead = db.prepare("DELETE FROM dead_letter WHERE id = ?");
    this.#reviveDead = db.prepare(
      `UPDATE dead_letter SET redriven_at = NULL, reason = ?, attempts = ?, died_at = ?, last_status = ?,
         last_error_code = ?, last_reply = ? WHERE id = ?`,
    );
    this.#dead = db.prepare(
      `INSERT INTO dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
         last_error_code, last_reply, published_at, deliver_at, content_type, tags, routing_key, ordering_key,
         attributes, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  run(group: SettleGroup): void {
    this.#writeAttempts(group.attempts);
    for (const row of group.cursors) this.#cursor.run(row.settledThrough, row.ahead, row.subscriptionId);
    for (const row of group.dead) this.#writeDead(row, group.nowMs);
    // Parked before unparked: the same delivery can be in both, spilled while open and finished since.
    for (const row of group.parked) {
      this.#park.run(
        row.subscriptionId,
        row.seq,
        row.dueAtMs,
        row.attempts,
        row.retries,
        row.firstAttemptAtMs,
        row.orderingKey,
      );
    }
    for (const row of group.unparked) {
      this.#unpark.run(row.subscriptionId, row.seq);
      if (row.deadLetterId !== null) this.#dropDead.run(row.deadLetterId);
    }
    // Last, so that it sees which rows of the key are left.
    for (const row of group.unparked) {
      if (row.orderingKey !== null) {
        this.#promote.run(group.nowMs, row.subscriptionId, row.subscriptionId, row.orderingKey);
      }
    }
  }

  #writeAttempts(columns: AttemptColumns): void {
    for (let index = 0; index < columns.seqs.length; index++) {
      this.#attempt.run(
        columns.topicIds[index] as number,
        columns.seqs[index] as number,
        columns.subscriptionIds[index] as number,
        columns.attempts[index] as number,
        columns.startedAtMs[index] as number,
        columns.durationsMs[index] as number,
        attemptVerdictCodes.indexOf(columns.verdicts[index] as AttemptVerdict),
        columns.statuses[index] as number | null,
        columns.errorCodes[index] as string | null,
        columns.replies[index] as Uint8Array | null,
      );
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
      message.routingKey,
      message.orderingKey,
      Object.keys(message.attributes).length === 0 ? null : JSON.stringify(message.attributes),
      message.body,
    );
  }
}
