-- Drops the oldest partition of attempt if every attempt in it is older than the retention. The caller runs this
-- function as the only statement of a transaction. So the lock is released even if the caller dies.
-- Returns how many attempts were dropped; null when no partition can be dropped; -1 when the lock on the table could
-- not be taken within p_lock_ms. A partition with more than p_scanned_max rows is not read: its youngest attempt is
-- assumed to be from the end of its time span, and the number of its rows is the planner's estimate.
CREATE FUNCTION ringback.drop_attempt_partition(
  p_now bigint[], p_retention_ms bigint, p_scanned_max bigint, p_lock_ms bigint
) RETURNS bigint LANGUAGE plpgsql AS $function$
DECLARE
  v_now bigint := coalesce(p_now[2], ringback.now_ms());
  v_before bigint := v_now - p_retention_ms;
  v_partition record;
  v_young integer;
  v_count bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(ringback.retention_lock()) THEN RETURN NULL; END IF;
  SELECT r.*, c.reltuples::bigint AS estimate INTO v_partition FROM ringback.attempt_partition r
    JOIN pg_class c ON c.relname = r.name AND c.relnamespace = 'ringback'::regnamespace
    WHERE r.to_at <= v_now AND r.from_at < v_before ORDER BY r.from_at LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF v_partition.to_at > v_before THEN
    IF v_partition.estimate > p_scanned_max THEN RETURN NULL; END IF;
    EXECUTE format('SELECT 1 FROM ringback.%I WHERE started_at >= $1 ORDER BY id DESC LIMIT 1', v_partition.name)
      INTO v_young USING v_before;
    IF v_young IS NOT NULL THEN RETURN NULL; END IF;
  END IF;
  v_count := v_partition.estimate;
  IF v_count <= p_scanned_max THEN
    EXECUTE format('SELECT count(*) FROM ringback.%I', v_partition.name) INTO v_count;
  END IF;
  PERFORM set_config('lock_timeout', p_lock_ms::text, true);
  LOCK TABLE ONLY ringback.attempt IN ACCESS EXCLUSIVE MODE;
  -- A late attempt may have been written before this transaction took the lock.
  IF v_partition.to_at > v_before THEN
    EXECUTE format('SELECT 1 FROM ringback.%I WHERE started_at >= $1 ORDER BY id DESC LIMIT 1', v_partition.name)
      INTO v_young USING v_before;
    IF v_young IS NOT NULL THEN RETURN NULL; END IF;
  END IF;
  EXECUTE format('DROP TABLE ringback.%I', v_partition.name);
  DELETE FROM ringback.attempt_partition WHERE from_at = v_partition.from_at;
  RETURN v_count;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $function$;
