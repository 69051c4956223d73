-- The first position of a log whose message was published at or after a time, or the position after the last one.
-- Publishing times never decrease within a log, so a binary search finds the position. A lost message counts as older
-- than the time.
CREATE FUNCTION ringback.seq_at(p_topic bigint, p_at bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $function$
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
