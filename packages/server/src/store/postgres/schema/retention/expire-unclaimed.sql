-- Counts, on each subscription, the messages up to p_through that no claim has taken, and moves the cursors past them.
-- Messages are read only for subscriptions with a filter. Returns how many expired for each subscription.
CREATE FUNCTION ringback.expire_unclaimed(p_log ringback.topic_log, p_partition integer, p_through bigint)
RETURNS TABLE (subscription_id bigint, count bigint) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH missed AS MATERIALIZED (
    SELECT c.subscription_id,
      (SELECT count(*) FROM unnest(c.returned_seqs) AS s WHERE s >= p_log.first_seq AND s <= p_through)
      + CASE WHEN c.scanned_through >= p_through THEN 0
        WHEN c.tags IS NULL AND c.routes IS NULL THEN p_through - greatest(c.scanned_through, p_log.first_seq - 1)
        ELSE (SELECT count(*) FROM ringback.message m WHERE m.partition_id = p_partition AND m.topic_id = p_log.topic_id
          AND m.seq > greatest(c.scanned_through, p_log.first_seq - 1) AND m.seq <= p_through
          AND (c.tags IS NULL OR coalesce(m.tags && c.tags, false))
          AND (c.routes IS NULL
            OR coalesce(CASE m.type WHEN '' THEN '' ELSE '.' || m.type END ~ ANY (c.routes), false)))
        END AS missed
    FROM ringback.subscription_cursor c
    WHERE c.topic_id = p_log.topic_id AND (c.scanned_through < p_through OR cardinality(c.returned_seqs) > 0)
  )
  UPDATE ringback.subscription_cursor c SET expired = c.expired + x.missed,
    scanned_through = greatest(c.scanned_through, p_through),
    returned_seqs = ARRAY (SELECT s FROM unnest(c.returned_seqs) AS s WHERE s > p_through)
  FROM missed x WHERE c.subscription_id = x.subscription_id AND x.missed > 0 RETURNING c.subscription_id, x.missed;
END $function$;
