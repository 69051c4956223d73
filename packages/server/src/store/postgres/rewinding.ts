import { limits } from "../../domain/limits.ts";
import type { Seq, Start, SubscriptionId, TopicId } from "../../domain/model.ts";
import { seqFrom } from "../../domain/start-rule.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";
import { findSeqAt, toEnds, type LogRow } from "./subscriptions.ts";

/** Rewinds a subscription to a position in its log. Returns false when there is no such subscription. */
export async function rewindTo(pool: ConnectionPool, id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean> {
  let end: Seq = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const step = await pool.transaction((connection) => goBack(connection, { id, to, end }));
    if (step === null) return false;
    if (step.isLast) return true;
    end = step.position;
  }
}

/**
 * Rewinds one step back from `end`, as far as one commit may. Deliveries after `end` that were parked since the
 * previous step are removed too.
 */
async function goBack(
  connection: Connection,
  { id, to, end }: { readonly id: SubscriptionId; readonly to: Exclude<Start, "now">; readonly end: Seq },
): Promise<{ readonly position: Seq; readonly isLast: boolean } | null> {
  const [cursor] = await connection.query<{ topic_id: TopicId }>(
    "SELECT topic_id FROM ringback.subscription_cursor WHERE subscription_id = $1 FOR UPDATE",
    [id],
  );
  if (cursor === undefined) return null;
  // The log is read under the lock of the cursor, which retention takes too before it removes messages.
  const [log] = await connection.query<LogRow>(
    "SELECT first_seq, last_seq FROM ringback.topic_log WHERE topic_id = $1",
    [cursor.topic_id],
  );
  if (log === undefined) return null;
  const from = await seqFrom(to, toEnds(log), (atMs) => findSeqAt(connection, cursor.topic_id, log, atMs));
  const [far] = await connection.query<{ seq: Seq }>(
    `SELECT seq FROM ringback.parked WHERE subscription_id = $1 AND seq >= $2 AND seq < $3
       ORDER BY seq DESC OFFSET $4 LIMIT 1`,
    [id, from, end, limits.rewoundPerCommitMax - 1],
  );
  const position = far?.seq ?? from;
  await connection.query("SELECT ringback.rewind($1, $2)", [id, position]);
  return { position, isLast: position === from };
}
