-- For each partition of message that is in use and has reached the last quarter of its time span, creates the next one.
CREATE FUNCTION ringback.prepare_message_partitions(p_now bigint[]) RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
  v_now bigint := coalesce(p_now[2], ringback.now_ms());
  v_partition integer;
BEGIN
  FOR v_partition IN
    SELECT m.id + 1 FROM ringback.message_partition m WHERE m.ends_at > v_now
      AND m.ends_at - ringback.message_partition_span_ms(m.id / 100000000) / 4 <= v_now
      AND EXISTS (SELECT 1 FROM ringback.segment s WHERE s.partition_id = m.id)
      AND NOT EXISTS (SELECT 1 FROM ringback.message_partition n WHERE n.id = m.id + 1)
  LOOP
    PERFORM ringback.ensure_message_partition(v_partition);
  END LOOP;
END $function$;
