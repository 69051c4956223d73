-- Records the outcomes of claimed deliveries in one round trip. For settlements that change more than their claims, the
-- cursors are locked first, then the claims. A settlement is ignored when its claim does not contain the delivery.
-- Returns the ordinals of the settlements that were applied, and whether their subscriptions are ordered.
CREATE FUNCTION ringback.settle(
  p_now bigint[],
  p_node bigint,
  -- Subscriptions with a settlement other than delivered.
  p_exceptional bigint[],
  -- One element per settlement. p_kinds: 0 delivered, 1 parked, 2 held (parked behind its ordering key, not attempted),
  -- 3 dead, 4 released. p_replies holds all replies one after the other.
  p_claims bigint[], p_subscriptions bigint[], p_topics bigint[], p_seqs bigint[],
  p_kinds smallint[], p_due_in bigint[], p_retries bigint[], p_reasons text[], p_ordering_keys text[],
  p_first_attempts bigint[], p_attempts bigint[], p_started bigint[], p_durations bigint[], p_verdicts smallint[],
  p_statuses bigint[], p_error_codes text[], p_error_details text[], p_reply_offsets integer[],
  p_reply_sizes integer[], p_replies bytea
) RETURNS TABLE (settlement integer, ordered boolean) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_removed record;
  v_count integer;
BEGIN
  PERFORM 1 FROM ringback.subscription_cursor c
    WHERE c.subscription_id = ANY (p_subscriptions)
      AND (c.ordering <> 'none' OR c.subscription_id = ANY (p_exceptional))
    ORDER BY c.subscription_id FOR UPDATE;
  v_removed := ringback.remove_from_claims(p_node, p_claims, p_subscriptions, p_topics, p_seqs);
  IF v_removed.ordinals IS NULL THEN RETURN; END IF;
  v_count := ringback.record_attempts(v_removed.ordinals, v_removed.topics, p_subscriptions, p_seqs, p_attempts,
    p_started, p_durations, p_verdicts, p_statuses, p_error_codes, p_error_details, p_reply_offsets, p_reply_sizes,
    p_replies);
  IF cardinality(p_exceptional) > 0 OR true = ANY (v_removed.from_parked) THEN
    v_count := ringback.settle_exceptions(coalesce(p_now[1], ringback.steady_ms()),
      coalesce(p_now[2], ringback.now_ms()), v_removed.ordinals, v_removed.topics,
      v_removed.from_parked, p_subscriptions, p_seqs, p_kinds, p_due_in, p_retries, p_reasons, p_ordering_keys,
      p_first_attempts, p_attempts, p_statuses, p_error_codes, p_error_details, p_reply_offsets, p_reply_sizes,
      p_replies);
  END IF;
  RETURN QUERY SELECT n, (SELECT c.ordering <> 'none' FROM ringback.subscription_cursor c
      WHERE c.subscription_id = p_subscriptions[n]) FROM unnest(v_removed.ordinals) AS n;
END $function$;
