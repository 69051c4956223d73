-- Creates segments and partitions for messages that are copied from another database. Returns the partition of each
-- message. The messages are ordered by topic and position. The rows of their topics in topic_log must exist.
CREATE FUNCTION ringback.assign_message_partitions(p_topics bigint[], p_seqs bigint[], p_published bigint[])
RETURNS TABLE (partition_id integer) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_row record;
  v_topic bigint;
  v_last integer;
BEGIN
  FOR v_row IN
    SELECT m.topic_id, m.seq, ringback.message_partition_id(l.retention_ms, m.published_at) AS partition_id
    FROM unnest(p_topics, p_seqs, p_published) WITH ORDINALITY AS m (topic_id, seq, published_at, position)
    JOIN ringback.topic_log l ON l.topic_id = m.topic_id ORDER BY m.position
  LOOP
    IF v_row.topic_id IS DISTINCT FROM v_topic THEN
      v_topic := v_row.topic_id;
      v_last := ringback.segment_partition_id(v_topic, v_row.seq);
    END IF;
    IF v_row.partition_id IS DISTINCT FROM v_last THEN
      PERFORM ringback.ensure_message_partition(v_row.partition_id);
      INSERT INTO ringback.segment AS s (topic_id, first_seq, partition_id)
        VALUES (v_row.topic_id, v_row.seq, v_row.partition_id)
        ON CONFLICT ON CONSTRAINT segment_pkey DO UPDATE SET partition_id = excluded.partition_id;
      UPDATE ringback.topic_log SET partition_id = v_row.partition_id, segment_first_seq = v_row.seq
        WHERE topic_id = v_topic;
      v_last := v_row.partition_id;
    END IF;
    partition_id := v_row.partition_id;
    RETURN NEXT;
  END LOOP;
END $function$;
