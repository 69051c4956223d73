-- Removes the copies of a replay that are in no claim, and lists their dead letters again. Returns how many were
-- removed. The caller has locked the cursor of the target. p_later_ms: how long the copies in claims wait if a claim
-- returns them without an attempt.
CREATE FUNCTION ringback.remove_copies(p_replay bigint, p_target bigint, p_now bigint, p_later_ms bigint)
RETURNS integer
LANGUAGE plpgsql AS $function$
DECLARE
  v_keys text[];
  v_count integer;
BEGIN
  WITH gone AS (
    DELETE FROM ringback.parked p WHERE p.replay_id = p_replay AND p.seq <> ALL (ARRAY (
      SELECT unnest(c.parked) FROM ringback.claim c WHERE c.subscription_id = p_target))
    RETURNING p.ordering_key, p.dead_letter_id, p.attempts
  ), listed AS (
    UPDATE ringback.dead_letter d SET redriven_at = NULL, attempts = g.attempts FROM gone g
    WHERE d.id = g.dead_letter_id
  )
  SELECT array_agg(g.ordering_key) FILTER (WHERE g.ordering_key IS NOT NULL), count(*)
    INTO v_keys, v_count FROM gone g;
  IF v_keys IS NOT NULL THEN
    PERFORM ringback.unblock_keys(array_fill(p_target, ARRAY[cardinality(v_keys)]), v_keys, p_now);
  END IF;
  -- A copy that a claim returns without an attempt is not claimed again before the next step removes it.
  UPDATE ringback.parked p SET due_at = p_now + p_later_ms WHERE p.replay_id = p_replay AND p.due_at IS NOT NULL;
  RETURN v_count;
END $function$;
