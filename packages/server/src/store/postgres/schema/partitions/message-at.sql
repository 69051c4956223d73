-- One message, read from the only partition that can hold it. The row of an expired message may still exist, so the
-- caller compares the position with the first position of the log.
CREATE FUNCTION ringback.message_at(p_topic bigint, p_seq bigint) RETURNS SETOF ringback.message
LANGUAGE plpgsql STABLE ROWS 1 SET plan_cache_mode = force_generic_plan AS $function$
DECLARE
  v_partition integer := (SELECT s.partition_id FROM ringback.segment s
    WHERE s.topic_id = p_topic AND s.first_seq <= p_seq ORDER BY s.first_seq DESC LIMIT 1);
BEGIN
  RETURN QUERY SELECT * FROM ringback.message m
    WHERE m.partition_id = v_partition AND m.topic_id = p_topic AND m.seq = p_seq;
END $function$;
