-- The partition of a position of the log, and the last position of its segment.
CREATE FUNCTION ringback.segment_at(
  p_log ringback.topic_log, p_seq bigint, OUT partition_id integer, OUT through bigint
) LANGUAGE plpgsql AS $function$
BEGIN
  partition_id := p_log.partition_id;
  through := p_log.last_seq;
  IF p_seq >= p_log.segment_first_seq THEN RETURN; END IF;
  partition_id := ringback.segment_partition_id(p_log.topic_id, p_seq);
  through := coalesce((SELECT s.first_seq - 1 FROM ringback.segment s
    WHERE s.topic_id = p_log.topic_id AND s.first_seq > p_seq ORDER BY s.first_seq LIMIT 1), through);
END $function$;
