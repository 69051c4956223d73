import { PARTITION_LOCK, RETENTION_LOCK } from "../locks.ts";

/** The partitions of `attempt`: an eighth of the time that attempts are kept, each. */
export const attemptRanges = `
CREATE FUNCTION ringback.set_attempt_span_2(p_retention_ms bigint) RETURNS void LANGUAGE sql AS $function$
  UPDATE ringback.attempt_span SET span_ms = x.span_ms
    FROM (SELECT greatest(1, (p_retention_ms + 28799999) / 28800000) * 3600000 AS span_ms) x
    WHERE attempt_span.span_ms <> x.span_ms
$function$;

-- Makes the partitions for these times, unless they are there. The caller has the table locked against whoever drops one.
CREATE FUNCTION ringback.ensure_attempt_ranges_2(p_times bigint[]) RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
  v_at bigint;
  v_span bigint;
  v_from bigint;
  v_to bigint;
  v_name text;
BEGIN
  PERFORM pg_advisory_xact_lock(${PARTITION_LOCK});
  -- As ATTACH does. It also makes this session see what another has attached meanwhile.
  LOCK TABLE ONLY ringback.attempt IN SHARE UPDATE EXCLUSIVE MODE;
  FOR v_at IN SELECT DISTINCT t FROM unnest(p_times) AS t ORDER BY t LOOP
    CONTINUE WHEN EXISTS (SELECT 1 FROM ringback.attempt_range WHERE from_at <= v_at AND to_at > v_at);
    SELECT span_ms INTO v_span FROM ringback.attempt_span;
    v_from := v_at - (v_at % v_span + v_span) % v_span;
    -- Others may have been made when the span was another.
    SELECT least(v_from + v_span, min(from_at)) INTO v_to FROM ringback.attempt_range WHERE from_at > v_at;
    SELECT greatest(v_from, max(to_at)) INTO v_from FROM ringback.attempt_range WHERE to_at <= v_at;
    v_name := 'attempt_' || replace(v_from::text, '-', 'minus_');
    EXECUTE format('CREATE TABLE ringback.%1$I (LIKE ringback.attempt INCLUDING DEFAULTS, PRIMARY KEY (id))', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (topic_id, seq)', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (subscription_id, id)', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (subscription_id, id) WHERE verdict <> 0', v_name);
    EXECUTE format('ALTER TABLE ringback.attempt ATTACH PARTITION ringback.%1$I FOR VALUES FROM (%2$s) TO (%3$s)',
      v_name, v_from, v_to);
    INSERT INTO ringback.attempt_range (from_at, to_at, name) VALUES (v_from, v_to, v_name);
  END LOOP;
END $function$;

-- For whoever writes attempts of these times: their partitions are there, and stay until the caller's transaction ends.
CREATE FUNCTION ringback.hold_attempt_ranges_2(p_times bigint[]) RETURNS void LANGUAGE plpgsql AS $function$
BEGIN
  IF cardinality(p_times) = 0 THEN RETURN; END IF;
  -- Nobody drops a partition from here on, and most often one has them all.
  LOCK TABLE ONLY ringback.attempt IN ROW EXCLUSIVE MODE;
  IF NOT EXISTS (SELECT 1 FROM (SELECT min(t) AS first, max(t) AS last FROM unnest(p_times) AS t) x, LATERAL (
      SELECT r.to_at FROM ringback.attempt_range r WHERE r.from_at <= x.first ORDER BY r.from_at DESC LIMIT 1) r
      WHERE r.to_at > x.last) THEN
    PERFORM ringback.ensure_attempt_ranges_2(p_times);
  END IF;
END $function$;

-- The partition in use has its successor made in its last quarter.
CREATE FUNCTION ringback.prepare_attempts_2(p_now bigint) RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
  v_now bigint := coalesce(p_now, ringback.now_ms());
  v_to bigint;
BEGIN
  SELECT r.to_at INTO v_to FROM ringback.attempt_range r WHERE r.from_at <= v_now AND r.to_at > v_now
    AND r.to_at - (SELECT span_ms FROM ringback.attempt_span) / 4 <= v_now;
  IF v_to IS NULL OR EXISTS (SELECT 1 FROM ringback.attempt_range WHERE from_at = v_to) THEN RETURN; END IF;
  LOCK TABLE ONLY ringback.attempt IN ROW EXCLUSIVE MODE;
  PERFORM ringback.ensure_attempt_ranges_2(ARRAY[v_to]);
END $function$;

-- Drops the oldest partition if every attempt in it is past its time, by the caller's only statement: whatever becomes of the
-- caller, its lock ends. Answers with how many attempts went; null: there was none; -1: others had the table in use for longer than
-- anybody may be kept waiting. Beyond p_looked_max rows a partition is not looked through: its youngest attempt is taken to be
-- as young as it can be, and its rows are not counted one by one.
CREATE FUNCTION ringback.drop_attempts_2(p_now bigint, p_retention_ms bigint, p_looked_max bigint, p_lock_ms bigint)
RETURNS bigint LANGUAGE plpgsql AS $function$
DECLARE
  v_now bigint := coalesce(p_now, ringback.now_ms());
  v_before bigint := v_now - p_retention_ms;
  v_range record;
  v_young integer;
  v_count bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(${RETENTION_LOCK}) THEN RETURN NULL; END IF;
  SELECT r.*, c.reltuples::bigint AS about INTO v_range FROM ringback.attempt_range r
    JOIN pg_class c ON c.relname = r.name AND c.relnamespace = 'ringback'::regnamespace
    WHERE r.to_at <= v_now AND r.from_at < v_before ORDER BY r.from_at LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF v_range.to_at > v_before THEN
    IF v_range.about > p_looked_max THEN RETURN NULL; END IF;
    EXECUTE format('SELECT 1 FROM ringback.%I WHERE started_at >= $1 ORDER BY id DESC LIMIT 1', v_range.name)
      INTO v_young USING v_before;
    IF v_young IS NOT NULL THEN RETURN NULL; END IF;
  END IF;
  v_count := v_range.about;
  IF v_count <= p_looked_max THEN EXECUTE format('SELECT count(*) FROM ringback.%I', v_range.name) INTO v_count; END IF;
  PERFORM set_config('lock_timeout', p_lock_ms::text, true);
  LOCK TABLE ONLY ringback.attempt IN ACCESS EXCLUSIVE MODE;
  -- One that was late may have come in meanwhile.
  IF v_range.to_at > v_before THEN
    EXECUTE format('SELECT 1 FROM ringback.%I WHERE started_at >= $1 ORDER BY id DESC LIMIT 1', v_range.name)
      INTO v_young USING v_before;
    IF v_young IS NOT NULL THEN RETURN NULL; END IF;
  END IF;
  EXECUTE format('DROP TABLE ringback.%I', v_range.name);
  DELETE FROM ringback.attempt_range WHERE from_at = v_range.from_at;
  RETURN v_count;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $function$;
`;
