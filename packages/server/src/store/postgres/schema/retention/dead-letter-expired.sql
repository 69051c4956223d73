-- Makes a dead letter of each parked delivery whose message has expired. Returns the number of these deliveries for
-- each subscription (expired), and the subscriptions in which a delivery of the same ordering key was unblocked
-- (ready).
CREATE FUNCTION ringback.dead_letter_expired(
  p_topic bigint, p_subscriptions bigint[], p_seqs bigint[], p_now bigint, p_wall bigint
) RETURNS TABLE (what text, subscription_id bigint, count bigint) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_subscriptions bigint[];
  v_keys text[];
BEGIN
  PERFORM ringback.write_dead_letter(NULL, b.subscription_id, p_topic, b.seq, 'expired', p.attempts, p_wall, a.status,
    a.error_code, a.error_detail, a.reply)
  FROM unnest(p_subscriptions, p_seqs) AS b (subscription_id, seq)
  CROSS JOIN LATERAL (
    SELECT * FROM ringback.parked p WHERE p.subscription_id = b.subscription_id AND p.seq = b.seq LIMIT 1) p
  LEFT JOIN LATERAL (
    SELECT a.status, a.error_code, a.error_detail, a.reply FROM ringback.attempt a
    WHERE a.topic_id = p_topic AND a.seq = b.seq AND a.subscription_id = b.subscription_id ORDER BY a.id DESC LIMIT 1
  ) a ON true
  ORDER BY b.seq, b.subscription_id;

  -- All rows are deleted before a key is unblocked, so that none of them becomes due.
  WITH gone AS (
    DELETE FROM ringback.parked p WHERE p.ctid = ANY (ARRAY (
      SELECT x.row_id FROM unnest(p_subscriptions, p_seqs) AS b (subscription_id, seq), LATERAL (
        SELECT p.ctid AS row_id FROM ringback.parked p
        WHERE p.subscription_id = b.subscription_id AND p.seq = b.seq LIMIT 1) x))
    RETURNING p.subscription_id, p.ordering_key
  )
  SELECT array_agg(g.subscription_id), array_agg(g.ordering_key) INTO v_subscriptions, v_keys
    FROM gone g WHERE g.ordering_key IS NOT NULL;
  PERFORM ringback.unblock_keys(v_subscriptions, v_keys, p_now);
  RETURN QUERY SELECT 'expired', s, count(*) FROM unnest(p_subscriptions) AS s GROUP BY s
    UNION ALL SELECT DISTINCT 'ready', s, 0::bigint FROM unnest(v_subscriptions) AS s;
END $function$;
