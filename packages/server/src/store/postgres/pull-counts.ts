import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { SubscriptionId, TimeMs, TopicId } from "../../domain/model.ts";
import type { PullCounts } from "../records.ts";
import { unsettledSelect } from "./counts.ts";
import type { ConnectionPool } from "./database.ts";
import { findSeqAt, type LogRow } from "./subscriptions.ts";
import type { Times } from "./times.ts";

interface CountsRow {
  readonly backlog: number;
  readonly in_flight: number;
  readonly waiting: number;
  readonly later: number;
  readonly parked_delayed: number;
  readonly log_delayed: number;
  readonly settled: number;
  readonly oldest_at: TimeMs | null;
}

/** A subscription that is pulled from, in the words of its receivers. */
export async function readPullCounts(
  pool: ConnectionPool,
  times: Times,
  id: SubscriptionId,
  rewindableFromMs: TimeMs,
): Promise<PullCounts> {
  const [log] = await pool.query<LogRow & { readonly topic_id: TopicId }>(
    `SELECT g.topic_id, g.first_seq, g.last_seq FROM ringback.subscription_cursor c
       JOIN ringback.topic_log g ON g.topic_id = c.topic_id WHERE c.subscription_id = $1`,
    [id],
    "pull_log",
  );
  if (log === undefined) throw new RingbackError("subscription_not_found");
  const fromSeq = await findSeqAt(pool, log.topic_id, log, rewindableFromMs);
  const [row] = await pool.query<CountsRow>(sql, [times.at(), id, fromSeq, limits.delayedExaminedMax], "pull_counts");
  if (row === undefined) throw new RingbackError("subscription_not_found");
  const logDelayed = Math.min(row.log_delayed, row.backlog);
  return {
    visible: row.backlog - logDelayed + Math.max(0, row.waiting - row.later),
    invisible: row.in_flight + row.later - row.parked_delayed,
    delayed: row.parked_delayed + logDelayed,
    oldestAtMs: row.oldest_at,
    rewindable: Math.max(0, row.settled),
  };
}

/** `$1` the time, `$2` the subscription, `$3` the first position of a rewind, `$4` how many messages are looked at. */
const sql = `WITH cursor_position AS MATERIALIZED (
    SELECT c.topic_id, c.returned_seqs, g.first_seq, g.last_seq, greatest(c.scanned_through, g.first_seq - 1) AS scanned,
      ARRAY (SELECT s FROM ringback.claim l, unnest(l.seqs) AS s WHERE l.subscription_id = $2) AS claimed,
      coalesce($1::bigint, ringback.now_ms()) AS now
    FROM ringback.subscription_cursor c JOIN ringback.topic_log g ON g.topic_id = c.topic_id WHERE c.subscription_id = $2
  ), first_parked AS MATERIALIZED (
    SELECT p.seq, p.dead_letter_id FROM ringback.parked p WHERE p.subscription_id = $2 ORDER BY p.seq LIMIT 1
  ), unsettled AS MATERIALIZED (
    SELECT least(
      CASE WHEN k.scanned < k.last_seq THEN k.scanned + 1 END,
      (SELECT min(s) FROM unnest(k.returned_seqs || k.claimed) AS s WHERE s >= k.first_seq),
      (SELECT f.seq FROM first_parked f WHERE f.dead_letter_id IS NULL)) AS seq
    FROM cursor_position k
  )
  SELECT x.backlog::bigint AS backlog, x.in_flight::bigint AS in_flight, (x.parked - x.open_parked)::bigint AS waiting,
    (SELECT count(*) FROM ringback.parked p WHERE p.subscription_id = $2 AND p.due_at > k.now) AS later,
    (SELECT count(*) FROM ringback.parked p
      WHERE p.subscription_id = $2 AND p.due_at > k.now AND p.first_attempt_at IS NULL) AS parked_delayed,
    (SELECT count(*) FROM (
      SELECT m.deliver_at FROM ringback.segment s CROSS JOIN LATERAL (
        SELECT m.deliver_at FROM ringback.message m WHERE m.partition_id = s.partition_id AND m.topic_id = k.topic_id
          AND m.seq > k.scanned AND m.seq <= k.last_seq AND m.seq >= s.first_seq AND m.seq < coalesce(
            (SELECT min(n.first_seq) FROM ringback.segment n WHERE n.topic_id = k.topic_id AND n.first_seq > s.first_seq),
            k.last_seq + 1)
          ORDER BY m.seq LIMIT $4) m
        WHERE s.topic_id = k.topic_id ORDER BY s.first_seq LIMIT $4) m WHERE m.deliver_at > k.now) AS log_delayed,
    greatest(0, least(k.scanned, k.last_seq) - $3::bigint + 1)
      - (SELECT count(*) FROM unnest(k.returned_seqs || k.claimed) AS s WHERE s >= $3::bigint)
      - (SELECT count(*) FROM ringback.parked p WHERE p.subscription_id = $2 AND p.seq >= $3::bigint) AS settled,
    least(
      (SELECT m.published_at FROM unsettled u, ringback.message_at(k.topic_id, u.seq) m),
      (SELECT d.published_at FROM first_parked f JOIN ringback.dead_letter d ON d.id = f.dead_letter_id)) AS oldest_at
  FROM (${unsettledSelect} WHERE c.subscription_id = $2) x, cursor_position k`;
