-- Appends the messages of many publishes in one round trip and one commit. The rows of their topics in topic_log are
-- locked first, ordered by id. The following statements then see every position and idempotency key that earlier
-- holders of these locks have written.
-- outcome of a request: appended; replayed (its idempotency key was used before, with the same content); key_conflict
-- (the key was used before, with other content); topic_gone; or log_full (see SEQ_FULL in domain/message-id.ts).
CREATE FUNCTION ringback.append(
  p_now bigint[], p_key_ms bigint,
  -- One element per request.
  p_topics bigint[], p_counts integer[], p_keys text[], p_fingerprints text[],
  -- One element per message, ordered by request. p_indexes is the index of a message within its request, from 0.
  -- p_bodies contains all bodies, concatenated.
  p_requests integer[], p_indexes integer[], p_delays bigint[], p_content_types text[], p_tags text[], p_types text[],
  p_ordering_keys text[], p_attributes text[], p_message_requests text[], p_offsets integer[], p_sizes integer[],
  p_bodies bytea
) RETURNS TABLE (request integer, outcome text, first_seq bigint, published_at bigint)
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  -- Delays and idempotency keys count in steady time.
  v_now bigint := coalesce(p_now[1], ringback.steady_ms());
  v_wall bigint := coalesce(p_now[2], ringback.now_ms());
BEGIN
  PERFORM ringback.lock_logs(p_topics, v_wall);
  RETURN QUERY
  WITH judged AS (
    SELECT r.request::integer, r.topic_id, r.count, r.key, r.fingerprint, l.last_seq,
      ringback.publishing_time(l.last_published_at, v_wall) AS at, l.partition_id AS partition_before,
      ringback.message_partition_id(l.retention_ms, ringback.publishing_time(l.last_published_at, v_wall))
        AS partition_id,
      i.first_seq AS known_seq, i.published_at AS known_at,
      CASE
        WHEN l.topic_id IS NULL THEN 'topic_gone'
        WHEN i.first_seq IS NULL AND l.last_seq >= 1099510579199 THEN 'log_full'
        WHEN i.first_seq IS NULL THEN 'appended'
        WHEN i.fingerprint = r.fingerprint THEN 'replayed'
        ELSE 'key_conflict'
      END AS outcome
    FROM unnest(p_topics, p_counts, p_keys, p_fingerprints) WITH ORDINALITY
      AS r (topic_id, count, key, fingerprint, request)
    LEFT JOIN LATERAL (SELECT * FROM ringback.topic_log l WHERE l.topic_id = r.topic_id LIMIT 1) l ON true
    LEFT JOIN LATERAL (
      SELECT * FROM ringback.idempotency i
      WHERE i.topic_id = r.topic_id AND i.key = r.key AND i.expires_at > v_now LIMIT 1) i ON true
  ), placed AS MATERIALIZED (
    SELECT a.*, a.last_seq + 1 - a.count + sum(CASE WHEN a.outcome = 'appended' THEN a.count ELSE 0 END)
      OVER (PARTITION BY a.topic_id ORDER BY a.request)::bigint AS first_seq
    FROM judged a
  ), written AS (
    INSERT INTO ringback.message (topic_id, seq, partition_id, published_at, deliver_at, content_type, tags,
      type, ordering_key, attributes, request, body)
    SELECT p.topic_id, p.first_seq + m.index, p.partition_id, p.at, CASE WHEN m.delay_ms > 0 THEN v_now + m.delay_ms END,
      m.content_type, m.tags::text[], m.type, m.ordering_key, m.attributes, m.sent_in,
      substr(p_bodies, m.offset_bytes + 1, m.size)
    FROM unnest(p_requests, p_indexes, p_delays, p_content_types, p_tags, p_types, p_ordering_keys, p_attributes,
        p_message_requests, p_offsets, p_sizes)
      AS m (request, index, delay_ms, content_type, tags, type, ordering_key, attributes, sent_in, offset_bytes,
        size)
    JOIN placed p ON p.request = m.request AND p.outcome = 'appended'
  ), grown AS MATERIALIZED (
    SELECT topic_id, sum(count)::bigint AS count, min(first_seq) AS first_seq, max(at) AS at,
      max(partition_id) AS partition_id, max(partition_before) AS partition_before
    FROM placed WHERE outcome = 'appended' GROUP BY topic_id
  ), segments AS (
    INSERT INTO ringback.segment (topic_id, first_seq, partition_id)
    SELECT topic_id, first_seq, partition_id FROM grown WHERE partition_id IS DISTINCT FROM partition_before
  ), logs AS (
    UPDATE ringback.topic_log l SET last_seq = l.last_seq + g.count, last_published_at = g.at,
      expires_at = least(l.expires_at, g.at + l.retention_ms), partition_id = g.partition_id,
      segment_first_seq = CASE WHEN g.partition_id = l.partition_id THEN l.segment_first_seq ELSE g.first_seq END
    FROM grown g
    WHERE l.topic_id = ANY (p_topics) AND l.topic_id = g.topic_id
  ), keys AS (
    INSERT INTO ringback.idempotency AS i (topic_id, key, fingerprint, first_seq, published_at, expires_at)
    SELECT topic_id, key, fingerprint, first_seq, at, v_now + p_key_ms FROM placed WHERE outcome = 'appended' AND key IS NOT NULL
    ON CONFLICT (topic_id, key) DO UPDATE
      SET fingerprint = excluded.fingerprint, first_seq = excluded.first_seq, published_at = excluded.published_at,
        expires_at = excluded.expires_at
  )
  SELECT p.request, p.outcome,
    CASE p.outcome WHEN 'replayed' THEN p.known_seq ELSE p.first_seq END,
    CASE p.outcome WHEN 'replayed' THEN p.known_at ELSE p.at END
  FROM placed p;
END $function$;
