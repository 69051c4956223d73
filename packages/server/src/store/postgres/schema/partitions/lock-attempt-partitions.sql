-- Creates the missing partitions for attempts of these times, and keeps all of their partitions from being dropped
-- until the caller's transaction ends.
CREATE FUNCTION ringback.lock_attempt_partitions(p_times bigint[]) RETURNS void LANGUAGE plpgsql AS $function$
BEGIN
  IF cardinality(p_times) = 0 THEN RETURN; END IF;
  -- This lock keeps other sessions from dropping a partition. Most often one partition covers all of the times.
  LOCK TABLE ONLY ringback.attempt IN ROW EXCLUSIVE MODE;
  IF NOT EXISTS (SELECT 1 FROM (SELECT min(t) AS first, max(t) AS last FROM unnest(p_times) AS t) x, LATERAL (
      SELECT r.to_at FROM ringback.attempt_partition r WHERE r.from_at <= x.first ORDER BY r.from_at DESC LIMIT 1) r
      WHERE r.to_at > x.last) THEN
    PERFORM ringback.ensure_attempt_partitions(p_times);
  END IF;
END $function$;
