import { RingbackError } from "../../domain/errors.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { LogStore } from "../log.ts";
import type { SubscriptionCounts, UnsettledCounts } from "../records.ts";
import type { StoreContext } from "./store-context.ts";

/**
 * Counts the deliveries of subscriptions by state. Deliveries of a claim whose lease has expired count as released.
 */
export const unsettledSelect = `SELECT c.subscription_id, c.expired,
    greatest(0, g.last_seq - greatest(c.scanned_through, g.first_seq - 1))
      + (SELECT count(*) FROM unnest(c.returned_seqs) AS s WHERE s >= g.first_seq) + coalesce(l.back, 0) AS backlog,
    coalesce(l.open, 0) AS in_flight,
    coalesce(l.open_parked, 0) AS open_parked,
    (SELECT count(*) FROM ringback.parked p WHERE p.subscription_id = c.subscription_id) AS parked
  FROM ringback.subscription_cursor c
  JOIN ringback.topic_log g ON g.topic_id = c.topic_id
  LEFT JOIN LATERAL (
    SELECT
      sum(cardinality(l.seqs) + cardinality(l.parked)) FILTER (WHERE l.lease_until > n.now) AS open,
      sum(cardinality(l.parked)) FILTER (WHERE l.lease_until > n.now) AS open_parked,
      sum((SELECT count(*) FROM unnest(l.seqs) AS s WHERE s >= g.first_seq)) FILTER (WHERE l.lease_until <= n.now) AS back
    FROM ringback.claim l, (SELECT coalesce(($1::bigint[])[1], ringback.steady_ms()) AS now) n
    WHERE l.subscription_id = c.subscription_id
  ) l ON true`;

const finishedCounts = `, x.expired, (SELECT count(*) FROM ringback.dead_letter d
    WHERE d.subscription_id = x.subscription_id AND d.redriven_at IS NULL) AS "deadLetters"`;

export function readSubscriptionCounts(context: StoreContext, id: SubscriptionId): Promise<SubscriptionCounts> {
  return readCounts(context, id, "subscription_counts", finishedCounts);
}

/** Like `readSubscriptionCounts`, but without the counts of finished deliveries: dead letters, expired messages. */
export function readUnsettledCounts(context: StoreContext, id: SubscriptionId): Promise<UnsettledCounts> {
  return readCounts(context, id, "unsettled_counts");
}

export async function readManyCounts(
  { database, times }: StoreContext,
  ids: readonly SubscriptionId[],
): Promise<ReadonlyMap<SubscriptionId, SubscriptionCounts>> {
  const rows = await database.rest.query<SubscriptionCounts & { readonly id: SubscriptionId }>(
    `${countsOf(`, x.subscription_id AS id${finishedCounts}`)} = ANY ($2::bigint[])) x`,
    [times.at(), ids],
    "many_subscription_counts",
  );
  return new Map(rows.map(({ id, ...counts }) => [id, counts]));
}

/** `more`: further columns. The condition for the id of a subscription follows. */
const countsOf = (more: string): string => `SELECT x.backlog::bigint AS backlog,
    greatest(0, x.parked - x.open_parked)::bigint AS parked, x.in_flight::bigint AS "inFlight"${more}
  FROM (${unsettledSelect} WHERE c.subscription_id`;

async function readCounts<T extends UnsettledCounts>(
  { database, times }: StoreContext,
  id: SubscriptionId,
  name: string,
  more = "",
): Promise<T> {
  const [row] = await database.rest.query<T>(`${countsOf(more)} = $2) x`, [times.at(), id], name);
  if (row === undefined) throw new RingbackError("subscription_not_found");
  return row;
}

/** Subscriptions that have work now, and the time at which the next work is due. */
export async function findReady({ database, times }: StoreContext): ReturnType<LogStore["findReady"]> {
  const [row] = await database.rest.query<Awaited<ReturnType<LogStore["findReady"]>>>(
    `WITH clock AS MATERIALIZED (SELECT coalesce(($1::bigint[])[1], ringback.steady_ms()) AS now),
     lease AS (
       SELECT l.subscription_id, min(l.lease_until) AS until, array_agg(x.seq) FILTER (WHERE l.lease_until > clock.now) AS parked
       FROM clock, ringback.claim l LEFT JOIN LATERAL unnest(l.parked) AS x (seq) ON true GROUP BY l.subscription_id
     ), found AS (
       SELECT c.subscription_id AS id,
         g.last_seq > greatest(c.scanned_through, g.first_seq - 1) OR cardinality(c.returned_seqs) > 0
           OR coalesce(lease.until <= clock.now, false)
           OR EXISTS (SELECT 1 FROM ringback.parked p WHERE p.subscription_id = c.subscription_id AND p.due_at <= clock.now
             AND p.seq <> ALL (coalesce(lease.parked, '{}'))) AS is_ready,
         least(
           CASE WHEN lease.until > clock.now THEN lease.until END,
           (SELECT p.due_at FROM ringback.parked p WHERE p.subscription_id = c.subscription_id AND p.due_at > clock.now
             ORDER BY p.due_at LIMIT 1)) AS due_at
       FROM clock, ringback.subscription_cursor c
       JOIN ringback.topic_log g ON g.topic_id = c.topic_id
       LEFT JOIN lease ON lease.subscription_id = c.subscription_id
       WHERE c.active
     )
     SELECT coalesce(array_agg(id) FILTER (WHERE is_ready), '{}') AS "subscriptionIds", min(due_at) AS "nextDueAtMs"
     FROM found`,
    [times.at()],
    "find_ready",
  );
  return row as NonNullable<typeof row>;
}
