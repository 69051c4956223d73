import { limits } from "../../domain/limits.ts";
import type { SubscriptionId, TopicId } from "../../domain/model.ts";
import type { RetentionResult } from "../port.ts";
import type { Connection } from "./connection.ts";
import type { Lane } from "./database.ts";
import { postgresLimits } from "./postgres-limits.ts";
import type { Times } from "./times.ts";

/** One node at a time removes things: two would only wait for each other. */
const RETENTION_LOCK = "8243118316933116781";
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
  readonly what: "expired" | "ready" | "removed" | "buried";
  readonly subscription_id: SubscriptionId;
  readonly count: number;
}

export interface RetentionOptions {
  readonly lane: Lane;
  readonly times: Times;
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  readonly ready: (id: SubscriptionId) => void;
}

/** One topic and one slice of the records at a time, in two short transactions. */
export class Retention {
  readonly #options: RetentionOptions;
  #lastTopicId = 0;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  async step(): Promise<RetentionResult> {
    const { lane } = this.#options;
    const trimmed = await lane.transaction((connection) => this.#alone(connection, () => this.#trimNext(connection)));
    for (const { what, subscription_id } of trimmed ?? []) if (what === "ready") this.#options.ready(subscription_id);
    const records = await lane.transaction((connection) =>
      this.#alone(connection, () => this.#trimRecords(connection)),
    );
    if (trimmed === null || records === null) return nothing;
    const didSomething = trimmed.some(({ what, count }) => what !== "ready" && count > 0);
    return {
      messages: trimmed.find(({ what }) => what === "removed")?.count ?? 0,
      ...records.counts,
      expired: expiredOf(trimmed),
      more: records.more || (didSomething && (await this.#dueTopics(lane, 1)).length > 0),
    };
  }

  /** null: another node is at it. */
  async #alone<T>(connection: Connection, work: () => Promise<T>): Promise<T | null> {
    const [lock] = await connection.query<{ got: boolean }>(
      `SELECT pg_try_advisory_xact_lock(${RETENTION_LOCK}) AS got`,
    );
    return lock?.got === true ? work() : null;
  }

  /** Round and round by id, so that a topic of which nothing can go just now does not keep the others waiting. */
  async #trimNext(connection: Connection): Promise<readonly TrimRow[]> {
    for (const topicId of await this.#dueTopics(connection, postgresLimits.topicsTriedMax)) {
      this.#lastTopicId = topicId;
      const rows = await connection.query<TrimRow>(
        "SELECT * FROM ringback.trim_topic_1($1, $2, $3, $4, $5, $6)",
        [
          this.#options.times.at(),
          topicId,
          postgresLimits.trimMessagesMax,
          postgresLimits.trimBytesMax,
          postgresLimits.burialsMax,
          postgresLimits.burialBytesMax,
        ],
        "trim_topic_1",
      );
      if (rows.some(({ what, count }) => (what === "removed" || what === "buried") && count > 0)) return rows;
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

  async #trimRecords(connection: Connection): Promise<{
    readonly counts: Pick<RetentionResult, "attempts" | "deadLetters" | "idempotencyKeys">;
    readonly more: boolean;
  }> {
    const { times, attemptRetentionMs, deadLetterRetentionMs } = this.#options;
    const max = postgresLimits.recordsTrimmedMax;
    const [row] = await connection.query<Record<"attempts" | "dead_letters" | "keys", number>>(
      `WITH clock AS MATERIALIZED (SELECT coalesce($1::bigint, ringback.now_ms()) AS now),
       attempts AS (
         DELETE FROM ringback.attempt WHERE id IN (
           SELECT o.id FROM clock, (SELECT id, started_at FROM ringback.attempt ORDER BY id LIMIT $2) o
           WHERE o.started_at < clock.now - $3) RETURNING 1
       ), dead_letters AS (
         DELETE FROM ringback.dead_letter WHERE id IN (
           SELECT d.id FROM ringback.dead_letter d WHERE d.redriven_at IS NULL AND d.died_at < (SELECT now FROM clock) - $4
           ORDER BY d.died_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1
       ), keys AS (
         DELETE FROM ringback.idempotency WHERE (topic_id, key) IN (
           SELECT i.topic_id, i.key FROM ringback.idempotency i WHERE i.published_at < (SELECT now FROM clock) - $5
           ORDER BY i.published_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING 1
       )
       SELECT (SELECT count(*) FROM attempts) AS attempts, (SELECT count(*) FROM dead_letters) AS dead_letters,
         (SELECT count(*) FROM keys) AS keys`,
      [times.at(), max, attemptRetentionMs, deadLetterRetentionMs, KEY_MS],
      "trim_records",
    );
    const { attempts, dead_letters: deadLetters, keys: idempotencyKeys } = row as NonNullable<typeof row>;
    const left = await this.#trimRemoved(connection, max);
    return {
      counts: { attempts, deadLetters, idempotencyKeys },
      more: left || attempts === max || deadLetters === max || idempotencyKeys === max,
    };
  }

  /**
   * What deleted topics and subscriptions left behind; true when there was something. Their attempts stay until their own
   * time is over: nobody can ask for them, and they go in order.
   */
  async #trimRemoved(connection: Connection, max: number): Promise<boolean> {
    const [next] = await connection.query<{ kind: "topic" | "subscription"; id: number }>(
      "SELECT kind, id FROM ringback.removed ORDER BY kind, id LIMIT 1",
    );
    if (next === undefined) return false;
    const column = next.kind === "topic" ? "topic_id" : "subscription_id";
    let count = 0;
    for (const table of next.kind === "topic" ? ["message", "idempotency"] : ["parked", "dead_letter"]) {
      const gone = await connection.query(
        `DELETE FROM ringback.${table} WHERE ctid = ANY (ARRAY
           (SELECT ctid FROM ringback.${table} WHERE ${column} = $1 LIMIT $2)) RETURNING 1`,
        [next.id, max],
      );
      count += gone.length;
    }
    if (count === 0) {
      await connection.query("DELETE FROM ringback.removed WHERE kind = $1 AND id = $2", [next.kind, next.id]);
    }
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
