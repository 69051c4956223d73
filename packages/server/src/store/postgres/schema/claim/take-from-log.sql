-- Takes returned positions first: positions that an earlier claim took and did not settle. Then examines new positions,
-- segment by segment, until the claim is full or the log ends, and moves the cursor. A segment is the part of a log
-- that is in one partition. Most claims examine only the last segment of the log.
CREATE FUNCTION ringback.take_from_log(
  p_cursor ringback.subscription_cursor, p_returned bigint[], p_foreign_keys text[], p_now bigint,
  p_from_log boolean, p_room integer, p_bytes_max bigint, p_scan_max integer, p_returned_max integer
) RETURNS ringback.log_take LANGUAGE plpgsql AS $function$
DECLARE
  v_log ringback.topic_log%ROWTYPE;
  v_take ringback.log_take;
  v_segment record;
  v_knows_all boolean := false;
BEGIN
  SELECT * INTO v_log FROM ringback.topic_log l WHERE l.topic_id = p_cursor.topic_id;
  v_take := ROW(0, 0, '{}', '{}', '{}', '{}', greatest(p_cursor.scanned_through, v_log.first_seq - 1), 0, 0, p_returned,
    false, false, false, false)::ringback.log_take;
  IF p_from_log AND p_room > 0 AND p_bytes_max > 0
      AND (v_take.scanned_through < v_log.last_seq OR cardinality(p_returned) > 0)
      AND NOT (p_cursor.ordering = 'strict' AND ringback.is_key_blocked(p_cursor.subscription_id, '')) THEN
    LOOP
      v_segment := ringback.segment_at(v_log, v_take.scanned_through + 1);
      v_take := ringback.scan_segment(p_cursor, v_take, p_returned, p_foreign_keys, v_segment.partition_id,
        v_segment.through, p_now, p_room, p_bytes_max, p_scan_max, p_returned_max);
      EXIT WHEN v_take.is_stopped OR v_take.scanned >= p_scan_max OR v_take.count >= p_room
        OR v_take.bytes >= p_bytes_max;
      p_returned := '{}';
      IF v_take.scanned_through < v_segment.through THEN
        -- A position without a message means that the database is damaged. The position is skipped.
        IF v_knows_all THEN v_take.scanned_through := v_segment.through; END IF;
        -- The missing messages may be in a new partition, whose session has committed and not yet sent its
        -- invalidation message. This session waits for that session's lock. Taking a lock that is new to this
        -- transaction also makes it read the message. Then the segment is examined again.
        v_knows_all := true;
        PERFORM pg_advisory_xact_lock_shared(ringback.partition_lock());
        LOCK TABLE ONLY ringback.message IN ROW SHARE MODE;
      END IF;
      EXIT WHEN v_take.scanned_through >= v_log.last_seq;
    END LOOP;
  END IF;
  IF v_take.scanned_through > p_cursor.scanned_through OR v_take.returned IS DISTINCT FROM p_cursor.returned_seqs THEN
    UPDATE ringback.subscription_cursor c
      SET scanned_through = greatest(c.scanned_through, v_take.scanned_through), returned_seqs = v_take.returned
      WHERE c.subscription_id = p_cursor.subscription_id;
  END IF;
  v_take.has_unscanned := v_take.scanned_through < v_log.last_seq;
  RETURN v_take;
END $function$;
