import { steadyPlans } from "../steady-plans.ts";

/**
 * Passes by the oldest messages of one topic, at most one segment. What had not been delivered by then does not vanish: a parked
 * delivery becomes a dead letter, and what no claim has taken is counted on its subscription. Nothing at or past the first
 * message that is in somebody's hands goes. The log and all cursors of the topic are locked meanwhile, so each call is small.
 *
 * Messages are not deleted: the log begins after them, and their partition goes when no log goes through it any more.
 *
 * Answers with how many deliveries of each subscription went (`expired`), whose keys have let go of something (`ready`)
 * and, without a subscription, how many messages and parked rows there were (`removed`, `buried`).
 */
export const trim = `
CREATE OR REPLACE FUNCTION ringback.trim_topic_1(
  p_now bigint,
  p_topic integer,
  p_messages_max integer,
  p_message_bytes_max bigint,
  p_burials_max integer,
  p_burial_bytes_max bigint
) RETURNS TABLE (what text, subscription_id bigint, count bigint)
LANGUAGE plpgsql ${steadyPlans} SET plan_cache_mode = force_generic_plan AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint := coalesce(p_now, ringback.now_ms());
  v_log ringback.topic_log%ROWTYPE;
  v_needed bigint;
  v_through bigint;
  v_slot integer;
  v_segment_end bigint;
  v_too_much bigint;
  v_subscriptions bigint[];
  v_seqs bigint[];
  v_row record;
BEGIN
  SELECT * INTO v_log FROM ringback.topic_log l WHERE l.topic_id = p_topic FOR UPDATE;
  IF v_log.expires_at IS NULL OR v_log.expires_at > v_now THEN RETURN; END IF;
  PERFORM 1 FROM ringback.subscription_cursor c WHERE c.topic_id = p_topic ORDER BY c.subscription_id FOR UPDATE;

  WITH lapsed AS MATERIALIZED (
    SELECT l.id FROM ringback.subscription_cursor c JOIN ringback.claim l ON l.subscription_id = c.subscription_id
      WHERE c.topic_id = p_topic AND l.lease_until <= v_now FOR UPDATE OF l SKIP LOCKED
  ), gone AS (
    DELETE FROM ringback.claim l USING lapsed WHERE l.id = lapsed.id RETURNING l.subscription_id, l.seqs
  ), back AS (
    SELECT g.subscription_id, array_agg(s) AS seqs FROM gone g, unnest(g.seqs) AS s GROUP BY g.subscription_id
  )
  UPDATE ringback.subscription_cursor c SET pool = c.pool || b.seqs FROM back b WHERE c.subscription_id = b.subscription_id;

  -- A redriven delivery has its message in its dead letter.
  SELECT min(x.seq) INTO v_needed FROM ringback.subscription_cursor c
    JOIN ringback.claim l ON l.subscription_id = c.subscription_id
    CROSS JOIN LATERAL (
      SELECT s AS seq FROM unnest(l.seqs) AS s
      UNION ALL
      SELECT p.seq FROM ringback.parked p
        WHERE p.subscription_id = l.subscription_id AND p.seq = ANY (l.parked) AND p.dead_letter_id IS NULL
    ) x
    WHERE c.topic_id = p_topic AND x.seq >= v_log.first_seq;

  v_slot := ringback.slot_of_2(p_topic, v_log.first_seq);
  v_segment_end := coalesce((SELECT s.first_seq - 1 FROM ringback.segment s
    WHERE s.topic_id = p_topic AND s.first_seq > v_log.first_seq ORDER BY s.first_seq LIMIT 1), v_log.last_seq);
  -- Times never fall within a log: if the last that a step may take is old enough, so are those before it.
  v_through := least(v_segment_end, v_log.first_seq + p_messages_max - 1, v_needed - 1);
  IF v_through >= v_log.first_seq AND NOT EXISTS (SELECT 1 FROM ringback.message m WHERE m.slot = v_slot
      AND m.topic_id = p_topic AND m.seq = v_through AND m.published_at <= v_now - v_log.retention_ms) THEN
    -- Positions before the first that is too young; without any message they are damage, and passed by.
    v_through := least(v_through, (SELECT min(o.seq) - 1 FROM (
      SELECT m.seq, m.published_at FROM ringback.message m WHERE m.slot = v_slot AND m.topic_id = p_topic
        AND m.seq >= v_log.first_seq AND m.seq <= v_through ORDER BY m.seq LIMIT p_messages_max) o
      WHERE o.published_at > v_now - v_log.retention_ms));
  END IF;
  IF v_through < v_log.first_seq THEN RETURN; END IF;

  -- Messages go with all of their parked deliveries, except one that has too many for a step: it stays until they are buried.
  SELECT array_agg(b.subscription_id) FILTER (WHERE b.fits), array_agg(b.seq) FILTER (WHERE b.fits), min(b.seq) FILTER (WHERE NOT b.fits)
    INTO v_subscriptions, v_seqs, v_too_much
  FROM (
    SELECT w.subscription_id, w.seq, w.place = 1 OR (w.place <= p_burials_max AND w.bytes <= p_burial_bytes_max) AS fits
    FROM (
      SELECT p.subscription_id, p.seq, row_number() OVER s AS place, sum(octet_length(m.body)) OVER s AS bytes
      FROM (
        SELECT p.subscription_id, p.seq FROM ringback.subscription_cursor c
        JOIN ringback.parked p ON p.subscription_id = c.subscription_id
        WHERE c.topic_id = p_topic AND p.seq <= v_through AND p.dead_letter_id IS NULL
        ORDER BY p.seq, p.subscription_id LIMIT p_burials_max + 1
      ) p, LATERAL (
        SELECT m.body FROM ringback.message m WHERE m.slot = v_slot AND m.topic_id = p_topic AND m.seq = p.seq LIMIT 1) m
      WINDOW s AS (ORDER BY p.seq, p.subscription_id)
    ) w
  ) b;
  IF v_too_much IS NOT NULL THEN
    v_through := v_too_much - 1;
    IF v_through >= v_log.first_seq THEN
      SELECT array_agg(b.subscription_id), array_agg(b.seq) INTO v_subscriptions, v_seqs
        FROM unnest(v_subscriptions, v_seqs) AS b (subscription_id, seq) WHERE b.seq <= v_through;
    END IF;
  END IF;

  INSERT INTO ringback.dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
    last_error_code, last_reply, published_at, deliver_at, content_type, tags, routing_key, ordering_key, attributes, body)
  SELECT t.account_id, b.subscription_id, p_topic, b.seq, 'expired', p.attempts, v_now, a.status, a.error_code, a.reply,
    m.published_at, m.deliver_at, m.content_type, m.tags, m.routing_key, m.ordering_key, m.attributes, m.body
  FROM unnest(v_subscriptions, v_seqs) AS b (subscription_id, seq)
  CROSS JOIN LATERAL (
    SELECT * FROM ringback.parked p WHERE p.subscription_id = b.subscription_id AND p.seq = b.seq LIMIT 1) p
  CROSS JOIN LATERAL (
    SELECT * FROM ringback.message m WHERE m.slot = v_slot AND m.topic_id = p_topic AND m.seq = b.seq LIMIT 1) m
  CROSS JOIN LATERAL (SELECT t.account_id FROM ringback.topic t WHERE t.id = p_topic LIMIT 1) t
  LEFT JOIN LATERAL (
    SELECT a.status, a.error_code, a.reply FROM ringback.attempt a
    WHERE a.topic_id = p_topic AND a.seq = b.seq AND a.subscription_id = b.subscription_id ORDER BY a.id DESC LIMIT 1
  ) a ON true
  ORDER BY b.seq, b.subscription_id;

  -- When all of them are gone, so that none of them is promoted.
  FOR v_row IN
    WITH gone AS (
      DELETE FROM ringback.parked p WHERE p.ctid = ANY (ARRAY (
        SELECT x.place FROM unnest(v_subscriptions, v_seqs) AS b (subscription_id, seq), LATERAL (
          SELECT p.ctid AS place FROM ringback.parked p WHERE p.subscription_id = b.subscription_id AND p.seq = b.seq LIMIT 1) x))
      RETURNING p.subscription_id, p.ordering_key
    )
    SELECT g.subscription_id, array_agg(DISTINCT g.ordering_key) FILTER (WHERE g.ordering_key IS NOT NULL) AS keys, count(*) AS buried
    FROM gone g GROUP BY g.subscription_id
  LOOP
    what := 'expired'; subscription_id := v_row.subscription_id; count := v_row.buried;
    RETURN NEXT;
    CONTINUE WHEN v_row.keys IS NULL;
    what := 'ready'; count := 0;
    RETURN NEXT;
    PERFORM ringback.promote_1(v_row.subscription_id, k, v_now) FROM unnest(v_row.keys) AS k;
  END LOOP;
  what := 'buried'; subscription_id := NULL; count := coalesce(cardinality(v_seqs), 0);
  RETURN NEXT;

  IF v_through < v_log.first_seq THEN RETURN; END IF;
  FOR v_row IN
    -- Only where a filter has to judge them are messages read.
    WITH missed AS MATERIALIZED (
      SELECT c.subscription_id, (SELECT count(*) FROM unnest(c.pool) AS s WHERE s >= v_log.first_seq AND s <= v_through)
        + CASE WHEN c.scanned_through >= v_through THEN 0
          WHEN c.tags IS NULL AND c.routes IS NULL THEN v_through - greatest(c.scanned_through, v_log.first_seq - 1)
          ELSE (SELECT count(*) FROM ringback.message m WHERE m.slot = v_slot AND m.topic_id = p_topic
            AND m.seq > greatest(c.scanned_through, v_log.first_seq - 1) AND m.seq <= v_through
            AND (c.tags IS NULL OR coalesce(m.tags && c.tags, false))
            AND (c.routes IS NULL
              OR coalesce(CASE m.routing_key WHEN '' THEN '' ELSE '.' || m.routing_key END ~ ANY (c.routes), false)))
          END AS missed
      FROM ringback.subscription_cursor c
      WHERE c.topic_id = p_topic AND (c.scanned_through < v_through OR cardinality(c.pool) > 0)
    )
    UPDATE ringback.subscription_cursor c SET expired = c.expired + x.missed,
      scanned_through = greatest(c.scanned_through, v_through),
      pool = ARRAY (SELECT s FROM unnest(c.pool) AS s WHERE s > v_through)
    FROM missed x WHERE c.subscription_id = x.subscription_id AND x.missed > 0 RETURNING c.subscription_id, x.missed
  LOOP
    what := 'expired'; subscription_id := v_row.subscription_id; count := v_row.missed;
    RETURN NEXT;
  END LOOP;
  what := 'removed'; subscription_id := NULL; count := v_through - v_log.first_seq + 1;
  RETURN NEXT;
  DELETE FROM ringback.segment s WHERE s.topic_id = p_topic AND s.first_seq <= v_through
    AND coalesce((SELECT n.first_seq FROM ringback.segment n
      WHERE n.topic_id = p_topic AND n.first_seq > s.first_seq ORDER BY n.first_seq LIMIT 1), v_log.last_seq + 1) <= v_through + 1;
  -- Of a message that is lost nobody knows the time: the next call looks for one.
  UPDATE ringback.topic_log l SET first_seq = v_through + 1,
    slot = CASE WHEN v_through < l.last_seq THEN l.slot END,
    slot_from = CASE WHEN v_through < l.last_seq THEN l.slot_from END,
    expires_at = CASE WHEN v_through < l.last_seq THEN coalesce(
      (SELECT m.published_at + l.retention_ms FROM ringback.message_at_2(p_topic, v_through + 1) m), v_now) END
    WHERE l.topic_id = p_topic;
END $function$;
`;
