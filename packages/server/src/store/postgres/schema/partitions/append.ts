import { steadierPlans } from "../steady-plans.ts";

/**
 * Many publishes in one round trip and one commit. The rows of their logs are locked first, in the order of ids; what
 * follows sees everything that earlier holders of those locks have written: positions and idempotency keys. As the one of
 * the first step, and the messages go into the slot of their topic and time.
 */
export const append = `
CREATE OR REPLACE FUNCTION ringback.append_1(
  p_now bigint,
  p_key_ms bigint,
  -- One entry per request.
  p_topics integer[],
  p_counts integer[],
  p_keys text[],
  p_fingerprints text[],
  -- One entry per message, requests one after the other; all bodies in one, in the same order.
  p_requests integer[],
  p_places integer[],
  p_delays bigint[],
  p_content_types text[],
  p_tags text[],
  p_routing_keys text[],
  p_ordering_keys text[],
  p_attributes text[],
  p_offsets integer[],
  p_sizes integer[],
  p_bodies bytea
) RETURNS TABLE (request integer, outcome text, first_seq bigint, published_at bigint)
LANGUAGE plpgsql ${steadierPlans} AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint := coalesce(p_now, ringback.now_ms());
  v_slot integer;
BEGIN
  PERFORM 1 FROM ringback.topic_log WHERE topic_id = ANY (p_topics) ORDER BY topic_id FOR UPDATE;
  -- A slot that a log is in has its partition. Most go on in it.
  FOR v_slot IN
    SELECT DISTINCT x.slot FROM ringback.topic_log l,
      LATERAL (SELECT ringback.slot_2(l.retention_ms, greatest(l.last_published_at, v_now)) AS slot) x
    WHERE l.topic_id = ANY (p_topics) AND l.slot IS DISTINCT FROM x.slot ORDER BY x.slot
  LOOP
    PERFORM ringback.ensure_slot_2(v_slot);
  END LOOP;
  RETURN QUERY
  WITH asked AS (
    SELECT r.request::integer AS request, r.topic_id, r.count, r.key, r.fingerprint, l.last_seq,
      greatest(l.last_published_at, v_now) AS at, l.slot AS slot_before,
      ringback.slot_2(l.retention_ms, greatest(l.last_published_at, v_now)) AS slot,
      i.first_seq AS known_seq, i.published_at AS known_at,
      CASE
        WHEN l.topic_id IS NULL THEN 'topic_gone'
        WHEN i.first_seq IS NULL THEN 'appended'
        WHEN i.fingerprint = r.fingerprint THEN 'replayed'
        ELSE 'key_conflict'
      END AS outcome
    FROM unnest(p_topics, p_counts, p_keys, p_fingerprints) WITH ORDINALITY AS r (topic_id, count, key, fingerprint, request)
    LEFT JOIN LATERAL (SELECT * FROM ringback.topic_log l WHERE l.topic_id = r.topic_id LIMIT 1) l ON true
    LEFT JOIN LATERAL (
      SELECT * FROM ringback.idempotency i WHERE i.topic_id = r.topic_id AND i.key = r.key AND i.published_at + p_key_ms > v_now
      LIMIT 1) i ON true
  ), placed AS MATERIALIZED (
    SELECT a.*, a.last_seq + 1 - a.count
      + sum(CASE WHEN a.outcome = 'appended' THEN a.count ELSE 0 END) OVER (PARTITION BY a.topic_id ORDER BY a.request)::bigint
      AS first_seq
    FROM asked a
  ), written AS (
    INSERT INTO ringback.message
      (topic_id, seq, slot, published_at, deliver_at, content_type, tags, routing_key, ordering_key, attributes, body)
    SELECT p.topic_id, p.first_seq + m.place, p.slot, p.at, CASE WHEN m.delay_ms > 0 THEN p.at + m.delay_ms END,
      m.content_type, m.tags::text[], m.routing_key, m.ordering_key, m.attributes, substr(p_bodies, m.offset_bytes + 1, m.size)
    FROM unnest(p_requests, p_places, p_delays, p_content_types, p_tags, p_routing_keys, p_ordering_keys, p_attributes,
        p_offsets, p_sizes)
      AS m (request, place, delay_ms, content_type, tags, routing_key, ordering_key, attributes, offset_bytes, size)
    JOIN placed p ON p.request = m.request AND p.outcome = 'appended'
  ), grown AS MATERIALIZED (
    SELECT topic_id, sum(count)::bigint AS count, min(first_seq) AS first_seq, max(at) AS at, max(slot) AS slot,
      max(slot_before) AS slot_before
    FROM placed WHERE outcome = 'appended' GROUP BY topic_id
  ), begun AS (
    INSERT INTO ringback.segment (topic_id, first_seq, slot)
    SELECT topic_id, first_seq, slot FROM grown WHERE slot IS DISTINCT FROM slot_before
  ), moved AS (
    UPDATE ringback.topic_log l SET last_seq = l.last_seq + s.count, last_published_at = s.at,
      expires_at = coalesce(l.expires_at, s.at + l.retention_ms),
      slot = s.slot, slot_from = CASE WHEN s.slot = l.slot THEN l.slot_from ELSE s.first_seq END
    FROM grown s
    WHERE l.topic_id = ANY (p_topics) AND l.topic_id = s.topic_id
  ), kept AS (
    INSERT INTO ringback.idempotency AS i (topic_id, key, fingerprint, first_seq, published_at)
    SELECT topic_id, key, fingerprint, first_seq, at FROM placed WHERE outcome = 'appended' AND key IS NOT NULL
    ON CONFLICT (topic_id, key) DO UPDATE
      SET fingerprint = excluded.fingerprint, first_seq = excluded.first_seq, published_at = excluded.published_at
  )
  SELECT p.request, p.outcome,
    CASE p.outcome WHEN 'replayed' THEN p.known_seq ELSE p.first_seq END,
    CASE p.outcome WHEN 'replayed' THEN p.known_at ELSE p.at END
  FROM placed p;
END $function$;
`;
