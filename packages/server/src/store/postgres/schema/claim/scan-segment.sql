-- Examines returned positions, then one segment of the log: the positions after p_take.scanned_through, through
-- p_through. Returns p_take with the newly taken positions added. The limits, such as p_room (the number of
-- deliveries), apply to the whole claim. Returned positions that are taken are removed from returned. Positions that
-- are skipped here are added to returned. The query of message has the partition as a parameter, so that the executor
-- reads no other partition.
CREATE FUNCTION ringback.scan_segment(
  p_cursor ringback.subscription_cursor, p_take ringback.log_take, p_returned bigint[], p_foreign_keys text[],
  p_partition integer, p_through bigint, p_now bigint, p_room integer, p_bytes_max bigint, p_scan_max integer,
  p_returned_max integer
) RETURNS ringback.log_take LANGUAGE plpgsql AS $function$
DECLARE
  v_row record;
  v_key text;
  v_count integer := p_take.count;
  v_bytes bigint := p_take.bytes;
  v_seqs bigint[] := p_take.seqs;
  v_keys text[] := p_take.keys;
  v_seq_partitions integer[] := p_take.seq_partitions;
  v_partitions integer[] := p_take.partitions;
  v_after bigint := p_take.scanned_through;
  v_scanned integer := p_take.scanned;
  v_parked integer := p_take.parked;
  v_left bigint[] := p_take.returned;
  v_stopped boolean := false;
  v_has_due boolean := p_take.has_due;
  v_waits boolean := p_take.waits;
BEGIN
  FOR v_row IN
    (SELECT s AS seq, octet_length(x.body) AS size, x.deliver_at, x.ordering_key, x.partition_id,
       true AS returned, true AS matches
     FROM unnest(p_returned) AS s, LATERAL ringback.message_at(p_cursor.topic_id, s) x
     ORDER BY s)
    UNION ALL
    (SELECT m.seq, octet_length(m.body), m.deliver_at, m.ordering_key, m.partition_id, false,
       (p_cursor.tags IS NULL OR coalesce(m.tags && p_cursor.tags, false))
       AND (p_cursor.routes IS NULL
         OR coalesce(CASE m.type WHEN '' THEN '' ELSE '.' || m.type END ~ ANY (p_cursor.routes), false))
     FROM ringback.message m
     WHERE m.partition_id = p_partition AND m.topic_id = p_cursor.topic_id AND m.seq > p_take.scanned_through
       AND m.seq <= p_through
     ORDER BY m.seq LIMIT p_scan_max - p_take.scanned)
  LOOP
    IF v_count >= p_room OR v_bytes >= p_bytes_max THEN
      v_stopped := true;
      EXIT;
    END IF;
    v_key := CASE p_cursor.ordering WHEN 'none' THEN NULL WHEN 'strict' THEN '' ELSE v_row.ordering_key END;
    IF v_key = ANY (p_foreign_keys) AND v_row.matches AND coalesce(v_row.deliver_at, 0) <= p_now THEN
      -- Another node has the key open: left for a claim after that node has settled it.
      v_waits := true;
      CONTINUE WHEN v_row.returned;
      v_stopped := cardinality(v_left) >= p_returned_max;
      EXIT WHEN v_stopped;
      v_left := v_left || v_row.seq;
      v_after := v_row.seq;
      v_scanned := v_scanned + 1;
      CONTINUE;
    END IF;
    IF v_row.returned THEN
      v_left := array_remove(v_left, v_row.seq);
    ELSE
      v_after := v_row.seq;
      v_scanned := v_scanned + 1;
      CONTINUE WHEN NOT v_row.matches;
    END IF;
    IF v_row.deliver_at > p_now OR (v_key IS NOT NULL AND ringback.is_key_blocked(p_cursor.subscription_id, v_key)) THEN
      v_has_due := ringback.park_from_log(p_cursor.subscription_id, v_row.seq, v_row.deliver_at, v_key, p_now)
        OR v_has_due;
      v_parked := v_parked + 1;
    ELSE
      v_seqs := v_seqs || v_row.seq;
      v_keys := v_keys || v_key;
      v_seq_partitions := v_seq_partitions || v_row.partition_id;
      IF v_row.partition_id <> ALL (v_partitions) THEN v_partitions := v_partitions || v_row.partition_id; END IF;
      v_bytes := v_bytes + v_row.size;
      v_count := v_count + 1;
    END IF;
  END LOOP;
  RETURN ROW(v_count, v_bytes, v_seqs, v_keys, v_seq_partitions, v_partitions, v_after, v_scanned, v_parked, v_left,
    v_stopped, v_has_due, v_waits, false)::ringback.log_take;
END $function$;
