-- Creates the next partition of attempt when the current one has reached the last quarter of its time span.
CREATE FUNCTION ringback.prepare_attempt_partitions(p_now bigint[]) RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
  v_now bigint := coalesce(p_now[2], ringback.now_ms());
  v_to bigint;
BEGIN
  SELECT r.to_at INTO v_to FROM ringback.attempt_partition r WHERE r.from_at <= v_now AND r.to_at > v_now
    AND r.to_at - (SELECT span_ms FROM ringback.attempt_partition_span) / 4 <= v_now;
  IF v_to IS NULL OR EXISTS (SELECT 1 FROM ringback.attempt_partition WHERE from_at = v_to) THEN RETURN; END IF;
  LOCK TABLE ONLY ringback.attempt IN ROW EXCLUSIVE MODE;
  PERFORM ringback.ensure_attempt_partitions(ARRAY[v_to]);
END $function$;
