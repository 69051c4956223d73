import type { DatabaseSync } from "node:sqlite";
import { statement } from "../statements.ts";

/**
 * Attempts are written in the order of time; people read them by subscription. An index kept with every commit would touch
 * one page per subscription and commit: with a thousand subscriptions that was 4 KiB of log per delivery and more than half
 * of the writing thread's time. So the index is brought up to date for many attempts at once, sorted, and a reader
 * looks through the few that it does not have yet.
 */
export const UNINDEXED_ATTEMPTS_MAX = 10_000;

export function indexAttempts(db: DatabaseSync, _input: null): void {
  const { through } = statement(db, "SELECT through FROM attempt_indexed").get() as { through: number };
  const { last } = statement(db, "SELECT coalesce(max(id), 0) AS last FROM attempt").get() as { last: number };
  const end = Math.min(last, through + 2 * UNINDEXED_ATTEMPTS_MAX);
  statement(
    db,
    `INSERT INTO attempt_index (subscription_id, attempt_id)
     SELECT subscription_id, id FROM attempt WHERE id > ? AND id <= ? ORDER BY subscription_id, id`,
  ).run(through, end);
  statement(db, "UPDATE attempt_indexed SET through = ?").run(end);
}
