-- Locks the logs of these topics for an append, ordered by id. Creates the partitions for messages that are published
-- now.
CREATE FUNCTION ringback.lock_logs(p_topics bigint[], p_wall bigint) RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
  v_partition integer;
BEGIN
  PERFORM 1 FROM ringback.topic_log WHERE topic_id = ANY (p_topics) ORDER BY topic_id FOR UPDATE;
  -- The partition that a log was last written to exists. Most appends continue in it.
  FOR v_partition IN
    SELECT DISTINCT x.partition_id FROM ringback.topic_log l, LATERAL (
      SELECT ringback.message_partition_id(l.retention_ms, ringback.publishing_time(l.last_published_at, p_wall)) AS partition_id) x
    WHERE l.topic_id = ANY (p_topics) AND l.partition_id IS DISTINCT FROM x.partition_id ORDER BY x.partition_id
  LOOP
    PERFORM ringback.ensure_message_partition(v_partition);
  END LOOP;
END $function$;
