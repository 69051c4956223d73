-- The partition of a position of the log, and the last position of its segment.
CREATE TYPE ringback.segment_bounds AS (partition_id integer, through bigint);

-- p_last_first_seq, p_last_partition: the last segment of the log, which ends at p_last_seq.
CREATE FUNCTION ringback.segment_at(
  p_topic integer, p_seq bigint, p_last_first_seq bigint, p_last_partition integer, p_last_seq bigint
) RETURNS ringback.segment_bounds LANGUAGE plpgsql AS $function$
BEGIN
  IF p_seq >= p_last_first_seq THEN
    RETURN ROW(p_last_partition, p_last_seq)::ringback.segment_bounds;
  END IF;
  RETURN ROW(ringback.segment_partition_id(p_topic, p_seq), coalesce((SELECT s.first_seq - 1 FROM ringback.segment s
    WHERE s.topic_id = p_topic AND s.first_seq > p_seq ORDER BY s.first_seq LIMIT 1), p_last_seq)
  )::ringback.segment_bounds;
END $function$;
