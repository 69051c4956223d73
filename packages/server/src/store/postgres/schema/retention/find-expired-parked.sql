-- Parked deliveries whose messages expire, and the last position that this step can remove with them. A message is
-- removed together with all of its parked deliveries. One step turns a limited number of them into dead letters. A
-- message that has more parked deliveries stays until none is left.
CREATE FUNCTION ringback.find_expired_parked(
  p_log ringback.topic_log, p_partition integer, p_dead_letters_max integer, p_bytes_max bigint,
  INOUT through bigint, OUT subscriptions bigint[], OUT seqs bigint[]
) LANGUAGE plpgsql AS $function$
DECLARE
  v_too_many bigint;
BEGIN
  SELECT array_agg(b.subscription_id) FILTER (WHERE b.fits), array_agg(b.seq) FILTER (WHERE b.fits),
    min(b.seq) FILTER (WHERE NOT b.fits) INTO subscriptions, seqs, v_too_many
  FROM (
    SELECT w.subscription_id, w.seq, w.number = 1 OR (w.number <= p_dead_letters_max AND w.bytes <= p_bytes_max) AS fits
    FROM (
      SELECT p.subscription_id, p.seq, row_number() OVER s AS number, sum(octet_length(m.body)) OVER s AS bytes
      FROM (
        SELECT p.subscription_id, p.seq FROM ringback.subscription_cursor c
        JOIN ringback.parked p ON p.subscription_id = c.subscription_id
        WHERE c.topic_id = p_log.topic_id AND p.seq <= through AND p.dead_letter_id IS NULL
        ORDER BY p.seq, p.subscription_id LIMIT p_dead_letters_max + 1
      ) p, LATERAL (SELECT m.body FROM ringback.message m
        WHERE m.partition_id = p_partition AND m.topic_id = p_log.topic_id AND m.seq = p.seq LIMIT 1) m
      WINDOW s AS (ORDER BY p.seq, p.subscription_id)
    ) w
  ) b;
  IF v_too_many IS NOT NULL THEN
    through := v_too_many - 1;
    IF through >= p_log.first_seq THEN
      SELECT array_agg(b.subscription_id), array_agg(b.seq) INTO subscriptions, seqs
        FROM unnest(subscriptions, seqs) AS b (subscription_id, seq) WHERE b.seq <= through;
    END IF;
  END IF;
END $function$;
