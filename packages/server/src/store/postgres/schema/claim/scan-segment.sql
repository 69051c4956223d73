-- Positions that a claim takes from the log.
-- seqs, keys, seq_partitions: the positions taken, with the ordering key and the partition of each. partitions: each
-- partition once. scanned_through: the last position examined. scanned: how many positions were examined. parked: how
-- many messages were parked instead. returned: returned positions that are left. is_stopped: the claim takes no more.
-- has_due: a message was parked that is due already. waits: a message was skipped because another node has its ordering
-- key open. has_unscanned: the log goes on.
CREATE TYPE ringback.log_take AS (
  count integer, bytes bigint, seqs bigint[], keys text[], seq_partitions integer[], partitions integer[],
  scanned_through bigint, scanned integer, parked integer, returned bigint[],
  is_stopped boolean, has_due boolean, waits boolean, has_unscanned boolean
);

-- Examines returned positions, then one segment of the log: the positions after p_after, through p_through.
-- p_left: returned positions that are left; without those that are taken, and with the messages skipped here. The
-- statement over message names its only partition in a parameter, so that the executor leaves out the others when it
-- starts.
CREATE FUNCTION ringback.scan_segment(
  p_cursor ringback.subscription_cursor, p_returned bigint[], p_left bigint[], p_foreign_keys text[],
  p_partition integer, p_after bigint, p_through bigint, p_now bigint, p_room integer, p_bytes_max bigint,
  p_scan_max integer, p_returned_max integer
) RETURNS ringback.log_take LANGUAGE plpgsql AS $function$
DECLARE
  v_row record;
  v_key text;
  v_count integer := 0;
  v_bytes bigint := 0;
  v_seqs bigint[] := '{}';
  v_keys text[] := '{}';
  v_seq_partitions integer[] := '{}';
  v_partitions integer[] := '{}';
  v_scanned integer := 0;
  v_parked integer := 0;
  v_stopped boolean := false;
  v_has_due boolean := false;
  v_waits boolean := false;
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
     WHERE m.partition_id = p_partition AND m.topic_id = p_cursor.topic_id AND m.seq > p_after AND m.seq <= p_through
     ORDER BY m.seq LIMIT p_scan_max)
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
      v_stopped := cardinality(p_left) >= p_returned_max;
      EXIT WHEN v_stopped;
      p_left := p_left || v_row.seq;
      p_after := v_row.seq;
      v_scanned := v_scanned + 1;
      CONTINUE;
    END IF;
    IF v_row.returned THEN
      p_left := array_remove(p_left, v_row.seq);
    ELSE
      p_after := v_row.seq;
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
  RETURN ROW(v_count, v_bytes, v_seqs, v_keys, v_seq_partitions, v_partitions, p_after, v_scanned, v_parked, p_left,
    v_stopped, v_has_due, v_waits, false)::ringback.log_take;
END $function$;
