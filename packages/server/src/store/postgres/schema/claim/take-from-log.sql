-- Takes returned positions first, then positions that no claim has examined, and moves the cursor. Most claims examine
-- one segment: the last one of the log.
CREATE FUNCTION ringback.take_from_log(
  p_cursor ringback.subscription_cursor, p_returned bigint[], p_foreign_keys text[], p_now bigint,
  p_from_log boolean, p_room integer, p_bytes_max bigint, p_scan_max integer, p_returned_max integer
) RETURNS ringback.log_take LANGUAGE plpgsql AS $function$
DECLARE
  v_log ringback.topic_log%ROWTYPE;
  v_segment ringback.segment_bounds;
  v_after bigint;
  v_take ringback.log_take;
BEGIN
  SELECT * INTO v_log FROM ringback.topic_log l WHERE l.topic_id = p_cursor.topic_id;
  v_after := greatest(p_cursor.scanned_through, v_log.first_seq - 1);
  IF p_from_log AND p_room > 0 AND p_bytes_max > 0 AND (v_after < v_log.last_seq OR cardinality(p_returned) > 0)
      AND NOT (p_cursor.ordering = 'strict' AND ringback.is_key_blocked(p_cursor.subscription_id, '')) THEN
    v_segment := ringback.segment_at(v_log.topic_id, v_after + 1,
      v_log.segment_first_seq, v_log.partition_id, v_log.last_seq);
    v_take := ringback.scan_segment(p_cursor, p_returned, p_returned, p_foreign_keys, v_segment.partition_id, v_after,
      v_segment.through, p_now, p_room, p_bytes_max, p_scan_max, p_returned_max);
    IF v_take.scanned_through < v_log.last_seq AND NOT v_take.is_stopped THEN
      v_take := ringback.scan_on(p_cursor, v_log, v_take, v_segment.through, p_foreign_keys, p_now,
        p_room, p_bytes_max, p_scan_max, p_returned_max);
    END IF;
  ELSE
    v_take := ROW(0, 0, '{}', '{}', '{}', '{}', v_after, 0, 0, p_returned,
      false, false, false, false)::ringback.log_take;
  END IF;
  IF v_take.scanned_through > p_cursor.scanned_through OR v_take.returned IS DISTINCT FROM p_cursor.returned_seqs THEN
    UPDATE ringback.subscription_cursor c
      SET scanned_through = greatest(c.scanned_through, v_take.scanned_through), returned_seqs = v_take.returned
      WHERE c.subscription_id = p_cursor.subscription_id;
  END IF;
  v_take.has_unscanned := v_take.scanned_through < v_log.last_seq;
  RETURN v_take;
END $function$;
