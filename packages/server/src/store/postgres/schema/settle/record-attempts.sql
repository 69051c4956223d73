-- Writes the attempts of those settlements that have one, and returns how many were written.
-- p_ordinals: the settlements that were applied. p_topics: the topic of each of p_ordinals. The other arrays have one
-- element per settlement of the call. p_replies contains all replies, concatenated.
CREATE FUNCTION ringback.record_attempts(
  p_ordinals integer[], p_topics bigint[],
  p_subscriptions bigint[], p_seqs bigint[], p_attempts bigint[], p_started bigint[], p_durations bigint[],
  p_verdicts smallint[], p_statuses bigint[], p_error_codes text[], p_error_details text[],
  p_reply_offsets integer[], p_reply_sizes integer[], p_replies bytea
) RETURNS integer LANGUAGE plpgsql AS $function$
DECLARE
  v_count integer;
BEGIN
  PERFORM ringback.lock_attempt_partitions(
    ARRAY (SELECT p_started[n] FROM unnest(p_ordinals) AS n WHERE p_attempts[n] IS NOT NULL));
  INSERT INTO ringback.attempt
    (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code, error_detail,
    reply)
  SELECT o.topic_id, p_seqs[o.n], p_subscriptions[o.n], p_attempts[o.n], p_started[o.n], p_durations[o.n],
    p_verdicts[o.n], p_statuses[o.n], p_error_codes[o.n], p_error_details[o.n],
    CASE WHEN p_reply_sizes[o.n] IS NOT NULL THEN substr(p_replies, p_reply_offsets[o.n] + 1, p_reply_sizes[o.n]) END
  FROM unnest(p_ordinals, p_topics) AS o (n, topic_id) WHERE p_attempts[o.n] IS NOT NULL ORDER BY o.n;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $function$;
