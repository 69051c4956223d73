import type { DatabaseSync } from "node:sqlite";
import { run, single } from "../statements.ts";

/**
 * Attempts are written in order of time and read by subscription. An index that every commit updates would change one
 * page per subscription and commit. With a thousand subscriptions, this took 4 KiB of write-ahead log per delivery and
 * more than half of the writing thread's time. So attempts are indexed in large sorted groups, and a reader scans the
 * attempts that are not indexed yet.
 */
export const UNINDEXED_ATTEMPTS_MAX = 10_000;

export function indexAttempts(db: DatabaseSync, _input: null): void {
  const { through } = single<{ through: number }>(db, "SELECT through FROM attempt_indexed");
  const { last } = single<{ last: number }>(db, "SELECT coalesce(max(id), 0) AS last FROM attempt");
  const end = Math.min(last, through + 2 * UNINDEXED_ATTEMPTS_MAX);
  const index = `INSERT INTO attempt_index (subscription_id, started_at, attempt_id)
    SELECT subscription_id, started_at, id FROM attempt WHERE id > ? AND id <= ?
    ORDER BY subscription_id, started_at, id`;
  run(db, index, through, end);
  run(db, "UPDATE attempt_indexed SET through = ?", end);
}
