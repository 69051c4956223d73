import type { SubscriptionId, TopicId } from "../../domain/model.ts";
import type { RetentionResult } from "../log.ts";
import { call, callValue, type Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";
import { postgresLimits } from "./postgres-limits.ts";
import type { StoreContext } from "./store-context.ts";

/** Result of the functions that drop a partition: the lock on the table could not be taken in time. */
const IN_USE = -1;

const nothing: RetentionResult = {
  messages: 0,
  attempts: 0,
  deadLetters: 0,
  auditRecords: 0,
  idempotencyKeys: 0,
  expired: [],
  more: false,
};

interface TrimRow {
  readonly what: "expired" | "ready" | "removed" | "dead_lettered";
  readonly subscription_id: SubscriptionId;
  readonly count: number;
}

/** Result of `trim_records`. All fields are null while another node trims records. */
interface RecordsRow {
  readonly dead_letters: number | null;
  readonly audit_records: number | null;
  readonly keys: number | null;
  readonly more: boolean | null;
}

/**
 * Removes expired rows in bounded steps. A step trims one topic and one slice of the records, in two short
 * transactions. After that it drops empty partitions and creates those that are needed soon.
 */
export class Retention {
  readonly #context: StoreContext;
  readonly #pool: ConnectionPool;
  #lastTopicId = 0;
  #dropAgainAtMs = 0;

  constructor(context: StoreContext) {
    this.#context = context;
    this.#pool = context.database.rest;
  }

  /** Sets the time span of the partitions of attempts, which depends on the retention of attempts. */
  async start(): Promise<void> {
    await call(this.#pool, "set_attempt_partition_span", [this.#context.attemptRetentionMs]);
  }

  async step(): Promise<RetentionResult> {
    const { times, deadLetterRetentionMs, auditRetentionMs, ready } = this.#context;
    const trimmed = await this.#trimNext();
    for (const { what, subscription_id } of trimmed ?? []) if (what === "ready") ready([subscription_id]);
    const records = [times.forAges(), postgresLimits.recordsTrimmedMax, deadLetterRetentionMs, auditRetentionMs];
    const [row] = await call<RecordsRow>(this.#pool, "trim_records", records);
    if (trimmed === null || row === undefined || row.more === null) return nothing;
    const dropped = await this.#dropPartitions();
    await this.#pool.query(
      "SELECT ringback.prepare_message_partitions($1::bigint[]), ringback.prepare_attempt_partitions($1::bigint[])",
      [times.at()],
      "prepare_partitions",
    );
    const didSomething = trimmed.some(({ what, count }) => what !== "ready" && count > 0);
    return {
      messages: trimmed.find(({ what }) => what === "removed")?.count ?? 0,
      deadLetters: row.dead_letters ?? 0,
      auditRecords: row.audit_records ?? 0,
      idempotencyKeys: row.keys ?? 0,
      attempts: dropped.attempts,
      expired: expiredOf(trimmed),
      more: row.more || dropped.more || (didSomething && (await this.#dueTopics(this.#pool, 1)).length > 0),
    };
  }

  /**
   * Trims one topic. The topics take turns by id, so that a topic with nothing to remove yet does not delay the others.
   * Returns null while another node runs retention.
   */
  #trimNext(): Promise<readonly TrimRow[] | null> {
    return this.#pool.transaction(async (connection) => {
      const [lock] = await connection.query<{ got: boolean }>(
        "SELECT pg_try_advisory_xact_lock(ringback.retention_lock()) AS got",
      );
      if (lock?.got !== true) return null;
      for (const topicId of await this.#dueTopics(connection, postgresLimits.topicsTriedMax)) {
        this.#lastTopicId = topicId;
        const rows = await call<TrimRow>(connection, "trim_topic", [
          this.#context.times.forAges(),
          topicId,
          postgresLimits.trimMessagesMax,
          postgresLimits.deadLetteredMax,
          postgresLimits.deadLetteredBytesMax,
        ]);
        if (rows.some(({ what, count }) => (what === "removed" || what === "dead_lettered") && count > 0)) return rows;
      }
      return [];
    });
  }

  async #dueTopics(connection: Connection, max: number): Promise<readonly TopicId[]> {
    const rows = await connection.query<{ topic_id: TopicId }>(
      `SELECT topic_id FROM ringback.topic_log WHERE expires_at <= coalesce(($1::bigint[])[2], ringback.now_ms())
         ORDER BY topic_id <= $2, topic_id LIMIT $3`,
      [this.#context.times.forAges(), this.#lastTopicId, max],
      "due_topics",
    );
    return rows.map(({ topic_id }) => topic_id);
  }

  /** Drops partitions, each in a transaction of one statement. So its lock ends even if this process dies. */
  async #dropPartitions(): Promise<{ readonly attempts: number; readonly more: boolean }> {
    const { times, attemptRetentionMs } = this.#context;
    const { dropLockMsMax, attemptsScannedMax } = postgresLimits;
    // A dump uses a table for a long time. Each try to drop a partition blocks readers and writers for a moment, so
    // tries are rare.
    if (performance.now() < this.#dropAgainAtMs) return { attempts: 0, more: false };
    const pool = this.#pool;
    const forMessages = [times.forAges(), dropLockMsMax];
    const messages = await callValue<number>(pool, "drop_message_partition", forMessages);
    const forAttempts = [times.forAges(), attemptRetentionMs, attemptsScannedMax, dropLockMsMax];
    const attempts = await callValue<number>(pool, "drop_attempt_partition", forAttempts);
    const answers = [messages, attempts];
    if (answers.includes(IN_USE)) this.#dropAgainAtMs = performance.now() + postgresLimits.dropRetryMs;
    return {
      attempts: Math.max(0, attempts ?? 0),
      more: answers.some((answer) => answer !== null && answer !== IN_USE),
    };
  }
}

function expiredOf(rows: readonly TrimRow[]): RetentionResult["expired"] {
  const counts = new Map<SubscriptionId, number>();
  for (const { what, subscription_id, count } of rows) {
    if (what === "expired") counts.set(subscription_id, (counts.get(subscription_id) ?? 0) + count);
  }
  return Array.from(counts, ([subscriptionId, count]) => ({ subscriptionId, count }));
}
