-- Drops one partition in which no log has a segment, and whose time span has ended. A partition of the far future, from
-- a time when the clock was ahead, is dropped too. The caller runs this function as the
-- only statement of a transaction. So the lock is released even if the caller dies.
-- Returns the partition's id; null when no partition can be dropped; -1 when the lock on the table could not be taken
-- within p_lock_ms.
CREATE FUNCTION ringback.drop_message_partition(p_now bigint[], p_lock_ms bigint) RETURNS integer
LANGUAGE plpgsql AS $function$
DECLARE
  v_now bigint := coalesce(p_now[2], ringback.now_ms());
  v_partition integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(ringback.retention_lock()) THEN RETURN NULL; END IF;
  SELECT m.id INTO v_partition FROM ringback.message_partition m
    WHERE (m.ends_at <= v_now OR m.ends_at > v_now + 2 * ringback.message_partition_span_ms(m.id / 100000000))
      AND NOT EXISTS (SELECT 1 FROM ringback.segment s WHERE s.partition_id = m.id)
    ORDER BY m.ends_at LIMIT 1;
  IF v_partition IS NULL THEN RETURN NULL; END IF;
  PERFORM set_config('lock_timeout', p_lock_ms::text, true);
  LOCK TABLE ONLY ringback.message IN ACCESS EXCLUSIVE MODE;
  -- An append that was about to continue a log in this partition has committed by now.
  IF EXISTS (SELECT 1 FROM ringback.segment s WHERE s.partition_id = v_partition) THEN RETURN NULL; END IF;
  EXECUTE format('DROP TABLE ringback.message_%s', v_partition);
  DELETE FROM ringback.message_partition WHERE id = v_partition;
  RETURN v_partition;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $function$;
