import { steadierPlans } from "./steady-plans.ts";

/**
 * What receivers say of what was handed out to them, and going back in the log.
 *
 * An answer locks the cursor of its subscription as a claim does, and looks at the clock when it has it: what it finds hidden then no
 * claim has taken, and none will before it is done. Answers with the ordinals that were applied.
 */
export const pull = `
-- Queues count what waits for its time and was never handed out; few rows are in it.
CREATE INDEX parked_delayed ON ringback.parked (subscription_id, due_at) WHERE first_attempt_at IS NULL AND due_at IS NOT NULL;
-- In collation "C" only A to Z have another case.
CREATE INDEX topic_any_case ON ringback.topic (account_id, lower(name));

CREATE FUNCTION ringback.answer_1(
  p_now bigint,
  -- One entry per answer, each of another delivery.
  p_subscriptions bigint[],
  p_seqs bigint[],
  p_retries bigint[],
  p_first_attempts bigint[],
  -- null: delivered.
  p_due_in bigint[],
  p_attempts bigint[],
  p_started bigint[],
  p_durations bigint[],
  p_verdicts smallint[],
  p_statuses bigint[],
  p_error_codes text[],
  p_reply_offsets integer[],
  p_reply_sizes integer[],
  p_replies bytea
) RETURNS TABLE (answer integer, freed boolean)
LANGUAGE plpgsql ${steadierPlans} AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint;
  v_applied integer[];
  v_topics integer[];
  v_places tid[];
  v_dead_letters bigint[];
  v_subscriptions bigint[];
  v_keys text[];
  v_row record;
BEGIN
  PERFORM 1 FROM ringback.subscription_cursor c
    WHERE c.subscription_id = ANY (p_subscriptions) ORDER BY c.subscription_id FOR UPDATE;
  v_now := coalesce(p_now, ringback.now_ms());

  SELECT array_agg(a.n::integer), array_agg(c.topic_id), array_agg(p.place) INTO v_applied, v_topics, v_places
  FROM unnest(p_subscriptions, p_seqs, p_retries, p_first_attempts) WITH ORDINALITY
    AS a (subscription_id, seq, retries, first_attempt_at, n)
  CROSS JOIN LATERAL (
    SELECT p.ctid AS place FROM ringback.parked p WHERE p.subscription_id = a.subscription_id AND p.seq = a.seq
      AND p.retries = a.retries AND p.first_attempt_at = a.first_attempt_at AND p.due_at > v_now LIMIT 1) p
  CROSS JOIN LATERAL (
    SELECT c.topic_id FROM ringback.subscription_cursor c WHERE c.subscription_id = a.subscription_id LIMIT 1) c
  -- A clock that was put back may show as hidden what somebody has claimed.
  WHERE NOT EXISTS (SELECT 1 FROM ringback.claim l WHERE l.subscription_id = a.subscription_id AND a.seq = ANY (l.parked));
  IF v_applied IS NULL THEN RETURN; END IF;

  WITH gone AS (
    DELETE FROM ringback.parked p WHERE p.ctid = ANY (ARRAY (
      SELECT x.place FROM unnest(v_applied, v_places) AS x (n, place) WHERE p_due_in[x.n] IS NULL))
    RETURNING p.subscription_id, p.ordering_key, p.dead_letter_id
  )
  SELECT array_agg(g.dead_letter_id) FILTER (WHERE g.dead_letter_id IS NOT NULL),
    array_agg(g.subscription_id) FILTER (WHERE g.ordering_key IS NOT NULL),
    array_agg(g.ordering_key) FILTER (WHERE g.ordering_key IS NOT NULL)
    INTO v_dead_letters, v_subscriptions, v_keys FROM gone g;
  IF v_dead_letters IS NOT NULL THEN
    DELETE FROM ringback.dead_letter d WHERE d.id = ANY (v_dead_letters);
  END IF;
  FOR v_row IN SELECT DISTINCT * FROM unnest(v_subscriptions, v_keys) AS k (subscription_id, key) LOOP
    PERFORM ringback.promote_1(v_row.subscription_id, v_row.key, v_now);
  END LOOP;

  FOR v_row IN SELECT x.n FROM unnest(v_applied) AS x (n) WHERE p_due_in[x.n] IS NOT NULL LOOP
    UPDATE ringback.parked p SET due_at = v_now + p_due_in[v_row.n]
      WHERE p.subscription_id = p_subscriptions[v_row.n] AND p.seq = p_seqs[v_row.n];
  END LOOP;

  PERFORM ringback.hold_attempt_ranges_2(ARRAY (SELECT p_started[x.n] FROM unnest(v_applied) AS x (n) WHERE p_due_in[x.n] IS NULL));
  INSERT INTO ringback.attempt
    (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code, reply)
  SELECT x.topic_id, p_seqs[x.n], p_subscriptions[x.n], p_attempts[x.n], p_started[x.n], p_durations[x.n], p_verdicts[x.n],
    p_statuses[x.n], p_error_codes[x.n],
    CASE WHEN p_reply_sizes[x.n] IS NOT NULL THEN substr(p_replies, p_reply_offsets[x.n] + 1, p_reply_sizes[x.n]) END
  FROM unnest(v_applied, v_topics) AS x (n, topic_id) WHERE p_due_in[x.n] IS NULL ORDER BY x.n;

  RETURN QUERY SELECT n, coalesce(p_subscriptions[n] = ANY (v_subscriptions), false) FROM unnest(v_applied) AS n;
END $function$;

-- Everything from this position on is as if no claim had ever come to it. The cursor is locked, and what is parked or open from there
-- on goes; of the claims there stays what lies before.
CREATE FUNCTION ringback.rewind_1(p_subscription bigint, p_from bigint) RETURNS void
LANGUAGE plpgsql ${steadierPlans} AS $function$
#variable_conflict use_column
BEGIN
  PERFORM 1 FROM ringback.claim l WHERE l.subscription_id = p_subscription ORDER BY l.id FOR UPDATE;
  UPDATE ringback.claim l SET
    (seqs, keys) = (SELECT coalesce(array_agg(x.seq ORDER BY x.place), '{}'), array_agg(x.key ORDER BY x.place)
      FROM unnest(l.seqs, l.keys) WITH ORDINALITY AS x (seq, key, place) WHERE x.seq < p_from),
    (parked, parked_keys) = (SELECT coalesce(array_agg(x.seq ORDER BY x.place), '{}'), array_agg(x.key ORDER BY x.place)
      FROM unnest(l.parked, l.parked_keys) WITH ORDINALITY AS x (seq, key, place) WHERE x.seq < p_from)
    WHERE l.subscription_id = p_subscription;
  DELETE FROM ringback.claim l WHERE l.subscription_id = p_subscription AND cardinality(l.seqs) + cardinality(l.parked) = 0;
  WITH gone AS (
    DELETE FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq >= p_from RETURNING p.dead_letter_id
  )
  DELETE FROM ringback.dead_letter d
    WHERE d.id = ANY (ARRAY (SELECT g.dead_letter_id FROM gone g WHERE g.dead_letter_id IS NOT NULL));
  UPDATE ringback.subscription_cursor c SET scanned_through = least(c.scanned_through, p_from - 1),
    pool = ARRAY (SELECT s FROM unnest(c.pool) AS s WHERE s < p_from)
    WHERE c.subscription_id = p_subscription;
END $function$;
`;
