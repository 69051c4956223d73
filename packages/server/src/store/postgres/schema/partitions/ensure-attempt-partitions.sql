-- Creates the partitions of attempt for these times unless they exist. The caller holds a lock on the table that keeps
-- others from dropping partitions.
CREATE FUNCTION ringback.ensure_attempt_partitions(p_times bigint[]) RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
  v_at bigint;
  v_span bigint;
  v_from bigint;
  v_to bigint;
  v_name text;
BEGIN
  PERFORM pg_advisory_xact_lock(ringback.partition_lock());
  -- ATTACH takes the same lock. Taking it also makes this session see the partitions that others have attached
  -- meanwhile.
  LOCK TABLE ONLY ringback.attempt IN SHARE UPDATE EXCLUSIVE MODE;
  FOR v_at IN SELECT DISTINCT t FROM unnest(p_times) AS t ORDER BY t LOOP
    CONTINUE WHEN EXISTS (SELECT 1 FROM ringback.attempt_partition WHERE from_at <= v_at AND to_at > v_at);
    SELECT span_ms INTO v_span FROM ringback.attempt_partition_span;
    v_from := v_at - (v_at % v_span + v_span) % v_span;
    -- The partitions before and after may have been created with another span.
    SELECT least(v_from + v_span, min(from_at)) INTO v_to FROM ringback.attempt_partition WHERE from_at > v_at;
    SELECT greatest(v_from, max(to_at)) INTO v_from FROM ringback.attempt_partition WHERE to_at <= v_at;
    v_name := 'attempt_' || replace(v_from::text, '-', 'minus_');
    EXECUTE format('CREATE TABLE ringback.%1$I (LIKE ringback.attempt INCLUDING DEFAULTS, PRIMARY KEY (id))', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (topic_id, seq)', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (subscription_id, started_at, id)', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (subscription_id, started_at, id) WHERE verdict <> 0', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (subscription_id, status, started_at, id) WHERE verdict <> 0',
      v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (subscription_id, error_code, started_at, id) WHERE verdict <> 0',
      v_name);
    EXECUTE format('ALTER TABLE ringback.attempt ATTACH PARTITION ringback.%1$I FOR VALUES FROM (%2$s) TO (%3$s)',
      v_name, v_from, v_to);
    INSERT INTO ringback.attempt_partition (from_at, to_at, name) VALUES (v_from, v_to, v_name);
  END LOOP;
END $function$;
