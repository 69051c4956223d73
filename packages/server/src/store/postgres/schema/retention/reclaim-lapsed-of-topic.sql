-- Deletes the claims of a topic's subscriptions whose leases have expired, except claims that are being settled. Their
-- positions of the log are returned to their subscriptions. The caller has locked the cursors.
CREATE FUNCTION ringback.reclaim_lapsed_of_topic(p_topic bigint, p_now bigint) RETURNS void
LANGUAGE plpgsql AS $function$
BEGIN
  WITH lapsed AS MATERIALIZED (
    SELECT l.id FROM ringback.subscription_cursor c JOIN ringback.claim l ON l.subscription_id = c.subscription_id
      WHERE c.topic_id = p_topic AND l.lease_until <= p_now FOR UPDATE OF l SKIP LOCKED
  ), gone AS (
    DELETE FROM ringback.claim l USING lapsed WHERE l.id = lapsed.id RETURNING l.subscription_id, l.seqs
  ), back AS (
    SELECT g.subscription_id, array_agg(s) AS seqs FROM gone g, unnest(g.seqs) AS s GROUP BY g.subscription_id
  )
  UPDATE ringback.subscription_cursor c SET returned_seqs = c.returned_seqs || b.seqs
    FROM back b WHERE c.subscription_id = b.subscription_id;
END $function$;
