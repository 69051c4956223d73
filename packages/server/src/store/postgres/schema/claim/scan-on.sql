-- Continues a claim after its first segment: examines what follows until the claim takes no more or the log ends.
-- p_through: the end of the segment examined last.
CREATE FUNCTION ringback.scan_on(
  p_cursor ringback.subscription_cursor, p_log ringback.topic_log, p_take ringback.log_take, p_through bigint,
  p_foreign_keys text[], p_now bigint, p_room integer, p_bytes_max bigint, p_scan_max integer, p_returned_max integer
) RETURNS ringback.log_take LANGUAGE plpgsql AS $function$
DECLARE
  v_segment ringback.segment_bounds;
  v_more ringback.log_take;
  v_knows_all boolean := false;
BEGIN
  WHILE NOT p_take.is_stopped AND p_take.scanned_through < p_log.last_seq AND p_take.scanned < p_scan_max
      AND p_take.count < p_room AND p_take.bytes < p_bytes_max LOOP
    IF p_take.scanned_through < p_through THEN
      IF v_knows_all THEN
        -- A position without a message is damage, and skipped.
        p_take.scanned_through := p_through;
        CONTINUE;
      END IF;
      -- The missing messages may be in a partition that this session does not know yet: the session that created it has
      -- committed and is about to notify the others. Waiting for it, and a lock that is new to this transaction, make
      -- this session read the notice.
      v_knows_all := true;
      PERFORM pg_advisory_xact_lock_shared(ringback.partition_lock());
      LOCK TABLE ONLY ringback.message IN ROW SHARE MODE;
    END IF;
    v_segment := ringback.segment_at(p_log.topic_id, p_take.scanned_through + 1,
      p_log.segment_first_seq, p_log.partition_id, p_log.last_seq);
    p_through := v_segment.through;
    v_more := ringback.scan_segment(p_cursor, '{}', p_take.returned, p_foreign_keys, v_segment.partition_id,
      p_take.scanned_through, p_through, p_now, p_room - p_take.count, p_bytes_max - p_take.bytes,
      p_scan_max - p_take.scanned, p_returned_max);
    p_take := ROW(p_take.count + v_more.count, p_take.bytes + v_more.bytes, p_take.seqs || v_more.seqs,
      p_take.keys || v_more.keys, p_take.seq_partitions || v_more.seq_partitions,
      ARRAY (SELECT DISTINCT p FROM unnest(p_take.partitions || v_more.partitions) AS p ORDER BY p),
      v_more.scanned_through, p_take.scanned + v_more.scanned, p_take.parked + v_more.parked, v_more.returned,
      v_more.is_stopped, p_take.has_due OR v_more.has_due, p_take.waits OR v_more.waits, false)::ringback.log_take;
  END LOOP;
  RETURN p_take;
END $function$;
