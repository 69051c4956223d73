-- The first position of a log that was published at or after a time, or the position after the last one. A binary
-- search: publishing times never decrease within a log. A lost message counts as older.
CREATE FUNCTION ringback.seq_at(p_topic integer, p_at bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $function$
DECLARE
  v_low bigint;
  v_high bigint;
BEGIN
  SELECT l.first_seq, l.last_seq + 1 INTO v_low, v_high FROM ringback.topic_log l WHERE l.topic_id = p_topic;
  WHILE v_low < v_high LOOP
    IF (SELECT m.published_at FROM ringback.message_at(p_topic, (v_low + v_high) / 2) m) >= p_at THEN
      v_high := (v_low + v_high) / 2;
    ELSE
      v_low := (v_low + v_high) / 2 + 1;
    END IF;
  END LOOP;
  RETURN v_low;
END $function$;
