-- Reserves starts of POSTs for many subscriptions, by the rules of domain/start-schedule.ts. Each subscription occurs
-- once, and the requests are ordered by subscription, so that two nodes cannot wait for each other.
--
-- first_in: milliseconds from now to the first start; negative while a burst is possible. now: the steady time at which
-- the subscription's row was locked.
CREATE FUNCTION ringback.reserve_starts(
  p_now bigint[], p_ahead_ms bigint,
  -- One element per request.
  p_subscriptions bigint[], p_intervals double precision[], p_bursts integer[], p_counts integer[],
  p_spans double precision[]
) RETURNS TABLE (reserved integer, first_in double precision, now bigint) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_before ringback.start_schedule%ROWTYPE;
  v_interval double precision;
  v_burst integer;
  v_rested_at double precision;
  v_from double precision;
BEGIN
  -- The rows do not survive a crash, so their commit need not wait for the disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  FOR v_request IN 1 .. cardinality(p_subscriptions) LOOP
    v_interval := p_intervals[v_request]; v_burst := p_bursts[v_request];
    SELECT * INTO v_before FROM ringback.start_schedule s WHERE s.subscription_id = p_subscriptions[v_request]
      FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO ringback.start_schedule (subscription_id, interval_ms, burst, rested_at)
        SELECT c.subscription_id, v_interval, v_burst, 0 FROM ringback.subscription_cursor c
          WHERE c.subscription_id = p_subscriptions[v_request]
        ON CONFLICT (subscription_id) DO NOTHING;
      SELECT * INTO v_before FROM ringback.start_schedule s WHERE s.subscription_id = p_subscriptions[v_request]
        FOR UPDATE;
    END IF;
    -- The clock is read after the wait for the row.
    now := coalesce(p_now[1], ringback.steady_ms());
    IF v_before.subscription_id IS NULL THEN
      reserved := 0; first_in := p_ahead_ms;
      RETURN NEXT;
      CONTINUE;
    END IF;
    v_rested_at := v_before.rested_at;
    IF v_before.interval_ms <> v_interval OR v_before.burst <> v_burst THEN
      v_rested_at := now + v_interval * (v_burst - least(v_burst, greatest(0,
        v_before.burst - greatest(0, (v_rested_at - now) / v_before.interval_ms))));
    END IF;
    v_rested_at := greatest(now, v_rested_at);
    first_in := v_rested_at - (v_burst - 1) * v_interval - now;
    v_from := greatest(first_in, 0);
    reserved := CASE WHEN v_from > p_ahead_ms THEN 0 ELSE least(p_counts[v_request],
      greatest(1, ceil((v_from + p_spans[v_request] - first_in) / v_interval))) END;
    UPDATE ringback.start_schedule s
      SET interval_ms = v_interval, burst = v_burst, rested_at = v_rested_at + reserved * v_interval
      WHERE s.subscription_id = p_subscriptions[v_request];
    RETURN NEXT;
  END LOOP;
END $function$;
