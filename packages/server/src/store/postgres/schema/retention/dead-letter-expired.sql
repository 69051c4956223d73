-- Turns parked deliveries whose messages expire into dead letters. Returns how many of each subscription (expired), and
-- the subscriptions of which a delivery was unblocked (ready).
CREATE FUNCTION ringback.dead_letter_expired(
  p_topic integer, p_partition integer, p_subscriptions bigint[], p_seqs bigint[], p_now bigint
) RETURNS TABLE (what text, subscription_id bigint, count bigint) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_row record;
BEGIN
  INSERT INTO ringback.dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
    last_error_code, last_reply, published_at, deliver_at, content_type, tags, type, ordering_key, attributes,
    body)
  SELECT t.account_id, b.subscription_id, p_topic, b.seq, 'expired', p.attempts, p_now, a.status, a.error_code, a.reply,
    m.published_at, m.deliver_at, m.content_type, m.tags, m.type, m.ordering_key, m.attributes, m.body
  FROM unnest(p_subscriptions, p_seqs) AS b (subscription_id, seq)
  CROSS JOIN LATERAL (
    SELECT * FROM ringback.parked p WHERE p.subscription_id = b.subscription_id AND p.seq = b.seq LIMIT 1) p
  CROSS JOIN LATERAL (SELECT * FROM ringback.message m
    WHERE m.partition_id = p_partition AND m.topic_id = p_topic AND m.seq = b.seq LIMIT 1) m
  CROSS JOIN LATERAL (SELECT t.account_id FROM ringback.topic t WHERE t.id = p_topic LIMIT 1) t
  LEFT JOIN LATERAL (
    SELECT a.status, a.error_code, a.reply FROM ringback.attempt a
    WHERE a.topic_id = p_topic AND a.seq = b.seq AND a.subscription_id = b.subscription_id ORDER BY a.id DESC LIMIT 1
  ) a ON true
  ORDER BY b.seq, b.subscription_id;

  -- All rows are deleted before a key is unblocked, so that none of them becomes due.
  FOR v_row IN
    WITH gone AS (
      DELETE FROM ringback.parked p WHERE p.ctid = ANY (ARRAY (
        SELECT x.row_id FROM unnest(p_subscriptions, p_seqs) AS b (subscription_id, seq), LATERAL (
          SELECT p.ctid AS row_id FROM ringback.parked p
          WHERE p.subscription_id = b.subscription_id AND p.seq = b.seq LIMIT 1) x))
      RETURNING p.subscription_id, p.ordering_key
    )
    SELECT g.subscription_id, count(*) AS count,
      array_agg(DISTINCT g.ordering_key) FILTER (WHERE g.ordering_key IS NOT NULL) AS keys
    FROM gone g GROUP BY g.subscription_id
  LOOP
    what := 'expired'; subscription_id := v_row.subscription_id; count := v_row.count;
    RETURN NEXT;
    CONTINUE WHEN v_row.keys IS NULL;
    what := 'ready'; count := 0;
    RETURN NEXT;
    PERFORM ringback.unblock_key(v_row.subscription_id, k, p_now) FROM unnest(v_row.keys) AS k;
  END LOOP;
END $function$;
