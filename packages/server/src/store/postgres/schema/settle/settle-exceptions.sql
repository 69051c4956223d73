-- Records every settlement except the common case, which is a delivered message claimed from the log. Returns how many
-- it recorded. p_topics and p_from_parked have one element for each of p_ordinals. The other arrays have one element
-- per settlement of the call.
CREATE FUNCTION ringback.settle_exceptions(
  p_now bigint, p_wall bigint, p_ordinals integer[], p_topics bigint[], p_from_parked boolean[],
  p_subscriptions bigint[], p_seqs bigint[], p_kinds smallint[], p_due_in bigint[], p_retries bigint[],
  p_reasons text[], p_ordering_keys text[], p_first_attempts bigint[], p_attempts bigint[], p_statuses bigint[],
  p_error_codes text[], p_error_details text[], p_reply_offsets integer[], p_reply_sizes integer[], p_replies bytea
) RETURNS integer LANGUAGE plpgsql AS $function$
DECLARE
  v_row record;
  v_id bigint;
  v_ordered_id bigint;
  v_ordering text;
  v_key text;
  v_parked ringback.parked%ROWTYPE;
  v_attempts bigint;
  v_subscriptions bigint[] := '{}';
  v_keys text[] := '{}';
  v_count integer := 0;
BEGIN
  FOR v_row IN
    SELECT r.n, r.topic_id, r.from_parked, p_subscriptions[r.n] AS subscription_id, p_seqs[r.n] AS seq,
      p_kinds[r.n] AS kind
    FROM unnest(p_ordinals, p_topics, p_from_parked) AS r (n, topic_id, from_parked)
    WHERE r.from_parked OR p_kinds[r.n] <> 0 ORDER BY r.n
  LOOP
    v_count := v_count + 1;
    v_id := v_row.subscription_id;
    v_parked := NULL;
    IF v_row.from_parked AND v_row.kind <> 4 THEN
      SELECT * INTO v_parked FROM ringback.parked p WHERE p.subscription_id = v_id AND p.seq = v_row.seq;
    END IF;
    v_attempts := coalesce(v_parked.attempts, 0) + (p_attempts[v_row.n] IS NOT NULL)::integer;
    IF v_row.kind = 0 THEN
      DELETE FROM ringback.dead_letter d WHERE d.id = v_parked.dead_letter_id;
    ELSIF v_row.kind IN (1, 2) THEN
      IF v_id IS DISTINCT FROM v_ordered_id THEN
        v_ordered_id := v_id;
        SELECT c.ordering INTO v_ordering FROM ringback.subscription_cursor c WHERE c.subscription_id = v_id;
      END IF;
      v_key := CASE WHEN v_ordering = 'none' OR v_parked.apart THEN NULL WHEN v_ordering = 'strict' THEN ''
        ELSE p_ordering_keys[v_row.n] END;
      INSERT INTO ringback.parked AS p
        (subscription_id, seq, due_at, attempts, retries, first_attempt_at, ordering_key)
      VALUES (v_id, v_row.seq,
        -- A delivery without an ordering key does not wait for another delivery.
        CASE WHEN v_row.kind = 1 THEN p_now + p_due_in[v_row.n] WHEN v_key IS NULL THEN p_now
          ELSE ringback.due_in_key(v_id, v_key, v_row.seq, p_now) END,
        v_attempts,
        CASE v_row.kind WHEN 1 THEN p_retries[v_row.n] ELSE coalesce(v_parked.retries, 0) END,
        coalesce(v_parked.first_attempt_at, CASE v_row.kind WHEN 1 THEN p_first_attempts[v_row.n] END),
        v_key)
      -- A redriven delivery that fails again keeps its dead_letter_id. A copy that a cancelled replay has put off stays
      -- late.
      ON CONFLICT (subscription_id, seq) DO UPDATE SET
        due_at = CASE WHEN p.replay_id IS NULL OR excluded.due_at IS NULL THEN excluded.due_at
          ELSE greatest(p.due_at, excluded.due_at) END,
        attempts = excluded.attempts, retries = excluded.retries, first_attempt_at = excluded.first_attempt_at,
        ordering_key = excluded.ordering_key;
    ELSIF v_row.kind = 3 THEN
      PERFORM ringback.write_dead_letter(v_parked.dead_letter_id, v_id, v_row.topic_id, v_row.seq,
        p_reasons[v_row.n], v_attempts, p_wall, p_statuses[v_row.n], p_error_codes[v_row.n],
        p_error_details[v_row.n],
        CASE WHEN p_reply_sizes[v_row.n] IS NOT NULL
          THEN substr(p_replies, p_reply_offsets[v_row.n] + 1, p_reply_sizes[v_row.n]) END);
    ELSIF NOT v_row.from_parked THEN
      UPDATE ringback.subscription_cursor c SET returned_seqs = c.returned_seqs || v_row.seq
        WHERE c.subscription_id = v_id;
    END IF;
    IF v_row.from_parked AND v_row.kind IN (0, 3) THEN
      DELETE FROM ringback.parked p WHERE p.subscription_id = v_id AND p.seq = v_row.seq;
      IF v_parked.ordering_key IS NOT NULL THEN
        v_subscriptions := v_subscriptions || v_id;
        v_keys := v_keys || v_parked.ordering_key;
      END IF;
    END IF;
  END LOOP;
  -- Keys are unblocked last, when every settled row of a key has been deleted.
  IF v_keys <> '{}' THEN PERFORM ringback.unblock_keys(v_subscriptions, v_keys, p_now); END IF;
  RETURN v_count;
END $function$;
