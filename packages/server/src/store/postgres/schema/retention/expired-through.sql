-- The last position that retention may remove now, within the first segment of the log, which is the part of the log in
-- its oldest partition. The result is less than the first position of the log when there is nothing to remove.
CREATE FUNCTION ringback.expired_through(
  p_log ringback.topic_log, p_partition integer, p_wall bigint, p_messages_max integer
) RETURNS bigint LANGUAGE plpgsql AS $function$
DECLARE
  v_claimed bigint;
  v_segment_end bigint;
  v_through bigint;
BEGIN
  -- A redriven delivery has its message in its dead letter.
  SELECT min(x.seq) INTO v_claimed FROM ringback.subscription_cursor c
    JOIN ringback.claim l ON l.subscription_id = c.subscription_id
    CROSS JOIN LATERAL (
      SELECT s AS seq FROM unnest(l.seqs) AS s
      UNION ALL
      SELECT p.seq FROM ringback.parked p
        WHERE p.subscription_id = l.subscription_id AND p.seq = ANY (l.parked) AND p.dead_letter_id IS NULL
    ) x
    WHERE c.topic_id = p_log.topic_id AND x.seq >= p_log.first_seq;
  v_segment_end := coalesce((SELECT s.first_seq - 1 FROM ringback.segment s
    WHERE s.topic_id = p_log.topic_id AND s.first_seq > p_log.first_seq ORDER BY s.first_seq LIMIT 1), p_log.last_seq);
  -- A message is at least as old as each later one, also when the clock was ahead and its publishing time is too late.
  -- So if the last message that this step may remove is old enough, those before it are too.
  v_through := least(v_segment_end, p_log.first_seq + p_messages_max - 1, v_claimed - 1);
  IF v_through >= p_log.first_seq AND NOT EXISTS (SELECT 1 FROM ringback.message m WHERE m.partition_id = p_partition
      AND m.topic_id = p_log.topic_id AND m.seq = v_through AND m.published_at <= p_wall - p_log.retention_ms)
    AND NOT EXISTS (SELECT 1 FROM ringback.message_at(p_log.topic_id, v_segment_end + 1) m
      WHERE m.published_at <= p_wall - p_log.retention_ms) THEN
    -- Includes all positions up to the last message that is old enough, and those before the next message. Positions
    -- without any message mean that the database is damaged.
    v_through := least(v_through, (SELECT min(o.seq) FILTER (WHERE NOT o.has_older_after) - 1 FROM (
      SELECT m.seq, coalesce(bool_or(m.published_at <= p_wall - p_log.retention_ms) OVER (
          ORDER BY m.seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), false) AS has_older_after
        FROM ringback.message m WHERE m.partition_id = p_partition AND m.topic_id = p_log.topic_id
        AND m.seq >= p_log.first_seq AND m.seq <= v_through ORDER BY m.seq LIMIT p_messages_max) o));
  END IF;
  RETURN v_through;
END $function$;
