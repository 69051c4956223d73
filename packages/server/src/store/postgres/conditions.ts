import type { Subscription, SubscriptionHealth, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { SubscriptionCondition } from "../records.ts";
import type { StoreContext } from "./store-context.ts";
import { readSubscriptions } from "./subscriptions.ts";

export async function readConditions(
  { database }: StoreContext,
  ids: readonly SubscriptionId[],
): Promise<ReadonlyMap<SubscriptionId, SubscriptionCondition>> {
  const rows = await database.rest.query<Row>(conditionsSql, [ids], "subscription_conditions");
  return new Map(rows.map(({ id, health, oldestAtMs }) => [id, { health: health ?? "healthy", oldestAtMs }]));
}

interface Row {
  readonly id: SubscriptionId;
  readonly health: SubscriptionHealth["state"] | null;
  readonly oldestAtMs: TimeMs | null;
}

/** Reads one message of the log and one parked delivery for each subscription. */
export const conditionsSql = `SELECT s.id, s.health::json ->> 'state' AS health, least(
    (SELECT m.published_at FROM ringback.message_at(s.topic_id, least(
      CASE WHEN k.scanned < g.last_seq THEN k.scanned + 1 END,
      (SELECT min(p) FROM unnest(c.returned_seqs) AS p WHERE p >= g.first_seq),
      (SELECT min(p) FROM ringback.claim l, unnest(l.seqs) AS p WHERE l.subscription_id = s.id AND p >= g.first_seq),
      CASE WHEN f.dead_letter_id IS NULL THEN f.seq END)) m),
    (SELECT d.published_at FROM ringback.dead_letter d WHERE d.id = f.dead_letter_id)) AS "oldestAtMs"
  FROM ringback.subscription s
  JOIN ringback.subscription_cursor c ON c.subscription_id = s.id
  JOIN ringback.topic_log g ON g.topic_id = s.topic_id
  CROSS JOIN LATERAL (SELECT greatest(c.scanned_through, g.first_seq - 1) AS scanned) k
  LEFT JOIN LATERAL (SELECT p.seq, p.dead_letter_id FROM ringback.parked p WHERE p.subscription_id = s.id
    ORDER BY p.seq LIMIT 1) f ON true
  WHERE s.id = ANY ($1::bigint[])`;

export async function readUnhealthy({ database }: StoreContext, limit: number): Promise<readonly Subscription[]> {
  const rows = await database.rest.query<{ readonly id: SubscriptionId }>(unhealthySql, [limit], "unhealthy");
  return readSubscriptions(
    database.rest,
    rows.map(({ id }) => id),
  );
}

/** The partial index has the subscriptions that are not healthy. */
export const unhealthySql = `SELECT s.id FROM ringback.subscription s JOIN ringback.topic t ON t.id = s.topic_id
  WHERE s.health IS NOT NULL AND position(':' in s.name) = 0 AND position(':' in t.name) = 0 LIMIT $1`;
