-- Applies receivers' answers to deliveries that they have pulled: delivered, or to be delivered again later.
--
-- The cursors are locked first, as in a claim, and the clock is read after that. So a delivery that is still invisible
-- then has not been claimed, and no claim can take it before this transaction ends. Returns the ordinals of the answers
-- that were applied, and whether another delivery of the same subscription was unblocked.
CREATE FUNCTION ringback.settle_pulled(
  p_now bigint[],
  -- One element per answer. No two answers are about the same delivery. p_due_in null: delivered.
  p_subscriptions bigint[], p_seqs bigint[], p_retries bigint[], p_first_attempts bigint[], p_due_in bigint[],
  p_attempts bigint[], p_started bigint[], p_durations bigint[], p_verdicts smallint[], p_statuses bigint[],
  p_error_codes text[], p_error_details text[], p_reply_offsets integer[], p_reply_sizes integer[], p_replies bytea
) RETURNS TABLE (answer integer, unblocked boolean)
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint;
  v_ordinals integer[];
  v_topics bigint[];
  v_rows tid[];
  v_dead_letters bigint[];
  v_subscriptions bigint[];
  v_keys text[];
  v_ordinal integer;
  v_count integer;
BEGIN
  PERFORM 1 FROM ringback.subscription_cursor c
    WHERE c.subscription_id = ANY (p_subscriptions) ORDER BY c.subscription_id FOR UPDATE;
  v_now := coalesce(p_now[1], ringback.steady_ms());

  SELECT array_agg(a.n::integer), array_agg(c.topic_id), array_agg(p.row_id) INTO v_ordinals, v_topics, v_rows
  FROM unnest(p_subscriptions, p_seqs, p_retries, p_first_attempts) WITH ORDINALITY
    AS a (subscription_id, seq, retries, first_attempt_at, n)
  CROSS JOIN LATERAL (
    SELECT p.ctid AS row_id FROM ringback.parked p WHERE p.subscription_id = a.subscription_id AND p.seq = a.seq
      AND p.retries = a.retries AND p.first_attempt_at = a.first_attempt_at AND p.due_at > v_now LIMIT 1) p
  CROSS JOIN LATERAL (
    SELECT c.topic_id FROM ringback.subscription_cursor c WHERE c.subscription_id = a.subscription_id LIMIT 1) c
  -- If the clock was set back, a delivery that is claimed already may appear to be invisible.
  WHERE NOT EXISTS (
    SELECT 1 FROM ringback.claim l WHERE l.subscription_id = a.subscription_id AND a.seq = ANY (l.parked));
  IF v_ordinals IS NULL THEN RETURN; END IF;

  WITH gone AS (
    DELETE FROM ringback.parked p WHERE p.ctid = ANY (ARRAY (
      SELECT x.row_id FROM unnest(v_ordinals, v_rows) AS x (n, row_id) WHERE p_due_in[x.n] IS NULL))
    RETURNING p.subscription_id, p.ordering_key, p.dead_letter_id
  )
  SELECT array_agg(g.dead_letter_id) FILTER (WHERE g.dead_letter_id IS NOT NULL),
    array_agg(g.subscription_id) FILTER (WHERE g.ordering_key IS NOT NULL),
    array_agg(g.ordering_key) FILTER (WHERE g.ordering_key IS NOT NULL)
    INTO v_dead_letters, v_subscriptions, v_keys FROM gone g;
  IF v_dead_letters IS NOT NULL THEN
    DELETE FROM ringback.dead_letter d WHERE d.id = ANY (v_dead_letters);
  END IF;
  IF v_keys IS NOT NULL THEN PERFORM ringback.unblock_keys(v_subscriptions, v_keys, v_now); END IF;
  FOR v_ordinal IN SELECT n FROM unnest(v_ordinals) AS n WHERE p_due_in[n] IS NOT NULL LOOP
    UPDATE ringback.parked p SET due_at = v_now + p_due_in[v_ordinal]
      WHERE p.subscription_id = p_subscriptions[v_ordinal] AND p.seq = p_seqs[v_ordinal];
  END LOOP;
  v_count := ringback.record_attempts(v_ordinals, v_topics, p_subscriptions, p_seqs, p_attempts, p_started, p_durations,
    p_verdicts, p_statuses, p_error_codes, p_error_details, p_reply_offsets, p_reply_sizes, p_replies);
  RETURN QUERY SELECT n, coalesce(p_subscriptions[n] = ANY (v_subscriptions), false) FROM unnest(v_ordinals) AS n;
END $function$;
