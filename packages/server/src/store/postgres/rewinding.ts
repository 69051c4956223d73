import { limits } from "../../domain/limits.ts";
import type { Seq, Start, SubscriptionId, TopicId } from "../../domain/model.ts";
import { seqFrom, type LogEnds } from "../../domain/start-rule.ts";
import { call, type Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";
import { findSeqAt } from "./subscriptions.ts";

type Target = Exclude<Start, "now">;

/** Rewinds a subscription to a position in its log. Returns false when there is no such subscription. */
export async function rewindTo(pool: ConnectionPool, id: SubscriptionId, to: Target): Promise<boolean> {
  let end: Seq | null = Number.MAX_SAFE_INTEGER;
  while (end !== null) {
    const before: Seq = end;
    const next = await pool.transaction((connection) => goBack(connection, id, to, before));
    if (next === undefined) return false;
    end = next;
  }
  return true;
}

/**
 * Rewinds one step back from `end`. The number of deliveries in one commit is limited. Deliveries after `end` that were
 * parked since the previous step are removed too. Returns the end of the next step, null after the last one, and
 * undefined when there is no such subscription.
 */
async function goBack(
  connection: Connection,
  id: SubscriptionId,
  to: Target,
  end: Seq,
): Promise<Seq | null | undefined> {
  const [cursor] = await connection.query<{ topic_id: TopicId }>(
    "SELECT topic_id FROM ringback.subscription_cursor WHERE subscription_id = $1 FOR UPDATE",
    [id],
  );
  // The log is read while the cursor is locked. Retention takes the same lock before it removes messages.
  const [log] = await connection.query<LogEnds>(
    `SELECT first_seq AS "firstSeq", last_seq AS "lastSeq" FROM ringback.topic_log WHERE topic_id = $1`,
    [cursor?.topic_id],
  );
  if (cursor === undefined || log === undefined) return undefined;
  const from = await seqFrom("to", to, log, (atMs) => findSeqAt(connection, cursor.topic_id, atMs));
  const [far] = await connection.query<{ seq: Seq }>(
    `SELECT seq FROM ringback.parked WHERE subscription_id = $1 AND seq >= $2 AND seq < $3
       ORDER BY seq DESC OFFSET $4 LIMIT 1`,
    [id, from, end, limits.rewoundPerCommitMax - 1],
  );
  const position = far?.seq ?? from;
  await call(connection, "rewind", [id, position]);
  return position === from ? null : position;
}
