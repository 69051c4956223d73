import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { PullCounts } from "../records.ts";
import { unsettledSelect } from "./counts.ts";
import type { StoreContext } from "./store-context.ts";

/** Reads the counts of a pulled subscription as its receivers see them: visible, invisible, delayed. */
export async function readPullCounts(
  { database, times }: StoreContext,
  id: SubscriptionId,
  rewindableFromMs: TimeMs,
): Promise<PullCounts> {
  const values = [times.at(), id, rewindableFromMs, limits.delayedExaminedMax];
  const [row] = await database.rest.query<PullCounts>(sql, values, "pull_counts");
  if (row === undefined) throw new RingbackError("subscription_not_found");
  return row;
}

/**
 * `$1`: time. `$2`: subscription id. `$3`: time to rewind to. `$4`: maximum number of messages of the log that are
 * examined.
 */
const sql = `WITH cursor_position AS MATERIALIZED (
    SELECT c.topic_id, c.returned_seqs, g.first_seq, g.last_seq, greatest(c.scanned_through, g.first_seq - 1) AS scanned,
      ARRAY (SELECT s FROM ringback.claim l, unnest(l.seqs) AS s WHERE l.subscription_id = $2) AS claimed,
      ringback.seq_at(c.topic_id, $3) AS rewound_from, coalesce(($1::bigint[])[1], ringback.steady_ms()) AS now
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
  SELECT c.backlog - c.log_delayed + greatest(0, c.waiting - c.later) AS visible,
    c.in_flight + c.later - c.parked_delayed AS invisible, c.parked_delayed + c.log_delayed AS delayed,
    c.oldest_at AS "oldestAtMs", greatest(0, c.settled) AS rewindable
  FROM (SELECT x.backlog::bigint AS backlog, x.in_flight::bigint AS in_flight,
    (x.parked - x.open_parked)::bigint AS waiting,
    (SELECT count(*) FROM ringback.parked p WHERE p.subscription_id = $2 AND p.due_at > k.now) AS later,
    (SELECT count(*) FROM ringback.parked p
      WHERE p.subscription_id = $2 AND p.due_at > k.now AND p.first_attempt_at IS NULL) AS parked_delayed,
    least(x.backlog::bigint, (SELECT count(*) FROM (
      SELECT m.deliver_at FROM ringback.segment s CROSS JOIN LATERAL (
        SELECT m.deliver_at FROM ringback.message m WHERE m.partition_id = s.partition_id AND m.topic_id = k.topic_id
          AND m.seq > k.scanned AND m.seq <= k.last_seq AND m.seq >= s.first_seq AND m.seq < coalesce(
            (SELECT min(n.first_seq) FROM ringback.segment n WHERE n.topic_id = k.topic_id AND n.first_seq > s.first_seq),
            k.last_seq + 1)
          ORDER BY m.seq LIMIT $4) m
        WHERE s.topic_id = k.topic_id ORDER BY s.first_seq LIMIT $4) m WHERE m.deliver_at > k.now)) AS log_delayed,
    greatest(0, least(k.scanned, k.last_seq) - k.rewound_from + 1)
      - (SELECT count(*) FROM unnest(k.returned_seqs || k.claimed) AS s WHERE s >= k.rewound_from)
      - (SELECT count(*) FROM ringback.parked p WHERE p.subscription_id = $2 AND p.seq >= k.rewound_from) AS settled,
    least(
      (SELECT m.published_at FROM unsettled u, ringback.message_at(k.topic_id, u.seq) m),
      (SELECT d.published_at FROM first_parked f JOIN ringback.dead_letter d ON d.id = f.dead_letter_id)) AS oldest_at
  FROM (${unsettledSelect} WHERE c.subscription_id = $2) x, cursor_position k) c`;
