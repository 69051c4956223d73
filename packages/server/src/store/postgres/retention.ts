import { limits } from "../../domain/limits.ts";
import type { SubscriptionId, TopicId } from "../../domain/model.ts";
import type { RetentionResult } from "../log.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";
import { postgresLimits } from "./postgres-limits.ts";
import type { Times } from "./times.ts";

/** The answer of a function that was to drop a partition: others read or write the table for too long. */
const IN_USE = -1;
const KEY_MS = limits.idempotencyKeyHours * 3600_000;

const nothing: RetentionResult = {
  messages: 0,
  attempts: 0,
  deadLetters: 0,
  idempotencyKeys: 0,
  expired: [],
  more: false,
};

interface TrimRow {
  readonly what: "expired" | "ready" | "removed" | "dead_lettered";
  readonly subscription_id: SubscriptionId;
  readonly count: number;
}

export interface RetentionOptions {
  readonly pool: ConnectionPool;
  readonly times: Times;
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  readonly ready: (id: SubscriptionId) => void;
}

/**
 * Removes expired rows in bounded steps. A step trims one topic and one slice of the records, in two short
 * transactions. After that it drops empty partitions and creates those that are needed soon.
 */
export class Retention {
  readonly #options: RetentionOptions;
  #lastTopicId = 0;
  #dropAgainAtMs = 0;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** How long the partitions of attempts are goes by how long they are kept. */
  async start(): Promise<void> {
    const { pool, attemptRetentionMs } = this.#options;
    await pool.query("SELECT ringback.set_attempt_partition_span($1)", [attemptRetentionMs]);
  }

  async step(): Promise<RetentionResult> {
    const { pool } = this.#options;
    const trimmed = await pool.transaction((connection) => this.#alone(connection, () => this.#trimNext(connection)));
    for (const { what, subscription_id } of trimmed ?? []) if (what === "ready") this.#options.ready(subscription_id);
    const records = await pool.transaction((connection) =>
      this.#alone(connection, () => this.#trimRecords(connection)),
    );
    if (trimmed === null || records === null) return nothing;
    const dropped = await this.#dropPartitions();
    await this.#preparePartitions();
    const didSomething = trimmed.some(({ what, count }) => what !== "ready" && count > 0);
    return {
      messages: trimmed.find(({ what }) => what === "removed")?.count ?? 0,
      ...records.counts,
      attempts: dropped.attempts,
      expired: expiredOf(trimmed),
      more: records.more || dropped.more || (didSomething && (await this.#dueTopics(pool, 1)).length > 0),
    };
  }

  /** null: another node is at it. */
  async #alone<T>(connection: Connection, work: () => Promise<T>): Promise<T | null> {
    const [lock] = await connection.query<{ got: boolean }>(
      `SELECT pg_try_advisory_xact_lock(ringback.retention_lock()) AS got`,
    );
    return lock?.got === true ? work() : null;
  }

  /** Round and round by id, so that a topic of which nothing can go just now does not keep the others waiting. */
  async #trimNext(connection: Connection): Promise<readonly TrimRow[]> {
    for (const topicId of await this.#dueTopics(connection, postgresLimits.topicsTriedMax)) {
      this.#lastTopicId = topicId;
      const rows = await connection.query<TrimRow>(
        "SELECT * FROM ringback.trim_topic($1, $2, $3, $4, $5)",
        [
          this.#options.times.at(),
          topicId,
          postgresLimits.trimMessagesMax,
          postgresLimits.deadLetteredMax,
          postgresLimits.deadLetteredBytesMax,
        ],
        "trim_topic",
      );
      if (rows.some(({ what, count }) => (what === "removed" || what === "dead_lettered") && count > 0)) return rows;
    }
    return [];
  }

  async #dueTopics(connection: Connection, max: number): Promise<readonly TopicId[]> {
    const rows = await connection.query<{ topic_id: TopicId }>(
      `SELECT topic_id FROM ringback.topic_log WHERE expires_at <= coalesce($1::bigint, ringback.now_ms())
         ORDER BY topic_id <= $2, topic_id LIMIT $3`,
      [this.#options.times.at(), this.#lastTopicId, max],
      "due_topics",
    );
    return rows.map(({ topic_id }) => topic_id);
  }

  /** Each in one statement, which ends with its lock whatever becomes of this process. */
  async #dropPartitions(): Promise<{ readonly attempts: number; readonly more: boolean }> {
    const { pool, times, attemptRetentionMs } = this.#options;
    const { dropLockMsMax, attemptsScannedMax } = postgresLimits;
    // A table that is being dumped stays in use for long, and each try keeps everybody waiting.
    if (performance.now() < this.#dropAgainAtMs) return { attempts: 0, more: false };
    const [messages] = await pool.query<{ id: number | null }>(
      "SELECT ringback.drop_message_partition($1, $2) AS id",
      [times.at(), dropLockMsMax],
      "drop_message_partition",
    );
    const [attempts] = await pool.query<{ count: number | null }>(
      "SELECT ringback.drop_attempt_partition($1, $2, $3, $4) AS count",
      [times.at(), attemptRetentionMs, attemptsScannedMax, dropLockMsMax],
      "drop_attempt_partition",
    );
    const answers = [messages?.id ?? null, attempts?.count ?? null];
    if (answers.includes(IN_USE)) this.#dropAgainAtMs = performance.now() + postgresLimits.dropRetryMs;
    return {
      attempts: Math.max(0, attempts?.count ?? 0),
      more: answers.some((answer) => answer !== null && answer !== IN_USE),
    };
  }

  async #preparePartitions(): Promise<void> {
    const { pool, times } = this.#options;
    await pool.query(
      "SELECT ringback.prepare_message_partitions($1::bigint), ringback.prepare_attempt_partitions($1::bigint)",
      [times.at()],
      "prepare_partitions",
    );
  }

  async #trimRecords(connection: Connection): Promise<{
    readonly counts: Pick<RetentionResult, "deadLetters" | "idempotencyKeys">;
    readonly more: boolean;
  }> {
    const { times, deadLetterRetentionMs } = this.#options;
    const max = postgresLimits.recordsTrimmedMax;
    const [row] = await connection.query<Record<"dead_letters" | "keys", number>>(
      `WITH clock AS MATERIALIZED (SELECT coalesce($1::bigint, ringback.now_ms()) AS now),
       dead_letters AS (
         DELETE FROM ringback.dead_letter WHERE id IN (
           SELECT d.id FROM ringback.dead_letter d WHERE d.redriven_at IS NULL AND d.died_at < (SELECT now FROM clock) - $3
           ORDER BY d.died_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1
       ), keys AS (
         DELETE FROM ringback.idempotency WHERE (topic_id, key) IN (
           SELECT i.topic_id, i.key FROM ringback.idempotency i WHERE i.published_at < (SELECT now FROM clock) - $4
           ORDER BY i.published_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1
       )
       SELECT (SELECT count(*) FROM dead_letters) AS dead_letters, (SELECT count(*) FROM keys) AS keys`,
      [times.at(), max, deadLetterRetentionMs, KEY_MS],
      "trim_records",
    );
    const { dead_letters: deadLetters, keys: idempotencyKeys } = row as NonNullable<typeof row>;
    const left = await this.#trimRemoved(connection, max);
    return {
      counts: { deadLetters, idempotencyKeys },
      more: left || deadLetters === max || idempotencyKeys === max,
    };
  }

  /**
   * Deletes rows of deleted topics and subscriptions; returns true when there were some. Their attempts stay until
   * their retention ends: no call can read them, and they are dropped with their partitions.
   */
  async #trimRemoved(connection: Connection, max: number): Promise<boolean> {
    if (await this.#trimRemovedTopic(connection, max)) return true;
    const [next] = await connection.query<{ id: number }>(
      "SELECT id FROM ringback.removed WHERE kind = 'subscription' ORDER BY id LIMIT 1",
    );
    if (next === undefined) return false;
    let count = 0;
    for (const table of ["parked", "dead_letter"]) {
      const gone = await connection.query(
        `DELETE FROM ringback.${table} WHERE ctid = ANY (ARRAY
           (SELECT ctid FROM ringback.${table} WHERE subscription_id = $1 LIMIT $2)) RETURNING 1`,
        [next.id, max],
      );
      count += gone.length;
    }
    if (count === 0) {
      await connection.query("DELETE FROM ringback.removed WHERE kind = 'subscription' AND id = $1", [next.id]);
    }
    return true;
  }

  /** Segment by segment: one that is empty no longer holds its partition. */
  async #trimRemovedTopic(connection: Connection, max: number): Promise<boolean> {
    const [next] = await connection.query<{ id: TopicId; first_seq: number | null; partition_id: number | null }>(
      `SELECT t.id, s.first_seq, s.partition_id
       FROM (SELECT id::integer FROM ringback.removed WHERE kind = 'topic' ORDER BY id LIMIT 1) t
       LEFT JOIN LATERAL (
         SELECT first_seq, partition_id FROM ringback.segment WHERE topic_id = t.id ORDER BY first_seq LIMIT 1) s ON true`,
    );
    if (next === undefined) return false;
    const { id, first_seq: firstSeq, partition_id: partitionId } = next;
    const keys = await connection.query(
      `DELETE FROM ringback.idempotency WHERE topic_id = $1 AND key = ANY (ARRAY
         (SELECT key FROM ringback.idempotency WHERE topic_id = $1 LIMIT $2)) RETURNING 1`,
      [id, max],
    );
    if (partitionId !== null) {
      const gone = await connection.query(
        `DELETE FROM ringback.message WHERE partition_id = $1 AND topic_id = $2 AND seq = ANY (ARRAY
           (SELECT seq FROM ringback.message WHERE partition_id = $1 AND topic_id = $2 ORDER BY seq LIMIT $3)) RETURNING 1`,
        [partitionId, id, max],
      );
      if (gone.length < max) {
        await connection.query("DELETE FROM ringback.segment WHERE topic_id = $1 AND first_seq = $2", [id, firstSeq]);
      }
    } else if (keys.length < max)
      await connection.query("DELETE FROM ringback.removed WHERE kind = 'topic' AND id = $1", [id]);
    return true;
  }
}

function expiredOf(rows: readonly TrimRow[]): RetentionResult["expired"] {
  const counts = new Map<SubscriptionId, number>();
  for (const { what, subscription_id, count } of rows) {
    if (what === "expired") counts.set(subscription_id, (counts.get(subscription_id) ?? 0) + count);
  }
  return Array.from(counts, ([subscriptionId, count]) => ({ subscriptionId, count }));
}
