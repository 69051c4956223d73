-- Decides the outcome of each request of an append: appended, replayed (its idempotency key is known, with the same
-- content), key_conflict (with other content) or topic_gone. The logs are locked. The planner inlines this function
-- into its caller.
CREATE FUNCTION ringback.judge_appends(
  p_topics integer[], p_counts integer[], p_keys text[], p_fingerprints text[], p_now bigint, p_key_ms bigint
) RETURNS TABLE (
  request integer, topic_id integer, count integer, key text, fingerprint text, last_seq bigint, at bigint,
  partition_before integer, partition_id integer, known_seq bigint, known_at bigint, outcome text
) LANGUAGE sql STABLE AS $function$
  SELECT r.request::integer, r.topic_id, r.count, r.key, r.fingerprint, l.last_seq,
    greatest(l.last_published_at, p_now), l.partition_id,
    ringback.message_partition_id(l.retention_ms, greatest(l.last_published_at, p_now)),
    i.first_seq, i.published_at,
    CASE
      WHEN l.topic_id IS NULL THEN 'topic_gone'
      WHEN i.first_seq IS NULL THEN 'appended'
      WHEN i.fingerprint = r.fingerprint THEN 'replayed'
      ELSE 'key_conflict'
    END
  FROM unnest(p_topics, p_counts, p_keys, p_fingerprints) WITH ORDINALITY
    AS r (topic_id, count, key, fingerprint, request)
  LEFT JOIN LATERAL (SELECT * FROM ringback.topic_log l WHERE l.topic_id = r.topic_id LIMIT 1) l ON true
  LEFT JOIN LATERAL (
    SELECT * FROM ringback.idempotency i
    WHERE i.topic_id = r.topic_id AND i.key = r.key AND i.published_at + p_key_ms > p_now LIMIT 1) i ON true
$function$;
