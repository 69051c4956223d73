import { steadierPlans } from "../steady-plans.ts";

/**
 * What became of claimed deliveries, in one round trip. Cursors are locked first where more than a claim changes, then
 * the claims; what a claim does not name (any more) is void. Answers with the ordinals that were applied.
 *
 * kinds: 0 delivered, 1 parked, 2 held, 3 dead, 4 released.
 *
 * As the one of the first step, and it sees to it that attempts have a partition to go to.
 */
export const settle = `
CREATE OR REPLACE FUNCTION ringback.settle_1(
  p_now bigint,
  p_node bigint,
  -- Subscriptions of which something other than a delivery is settled.
  p_exceptional bigint[],
  -- One entry per settlement.
  p_claims bigint[],
  p_subscriptions bigint[],
  p_topics integer[],
  p_seqs bigint[],
  p_kinds smallint[],
  p_due_in bigint[],
  p_retries bigint[],
  p_reasons text[],
  p_ordering_keys text[],
  p_attempts bigint[],
  p_started bigint[],
  p_durations bigint[],
  p_verdicts smallint[],
  p_statuses bigint[],
  p_error_codes text[],
  p_reply_offsets integer[],
  p_reply_sizes integer[],
  p_replies bytea
) RETURNS TABLE (settlement integer, ordered boolean)
LANGUAGE plpgsql ${steadierPlans} AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint := coalesce(p_now, ringback.now_ms());
  v_applied integer[];
  v_from_parked boolean[];
  v_ordering text;
  v_key text;
  v_row record;
  v_parked ringback.parked%ROWTYPE;
  v_promote_subscriptions bigint[] := '{}';
  v_promote_keys text[] := '{}';
BEGIN
  PERFORM 1 FROM ringback.subscription_cursor c
    WHERE c.subscription_id = ANY (p_subscriptions)
      AND (c.ordering <> 'none' OR c.subscription_id = ANY (p_exceptional))
    ORDER BY c.subscription_id FOR UPDATE;

  WITH locked AS MATERIALIZED (
    SELECT c.id, c.subscription_id, c.seqs, c.parked FROM ringback.claim c
      WHERE c.id = ANY (p_claims) AND c.node_id = p_node ORDER BY c.id FOR UPDATE
  ), held AS MATERIALIZED (
    SELECT i.settlement::integer AS settlement, i.claim_id, i.seq, i.seq = ANY (l.parked) AS from_parked
    FROM unnest(p_claims, p_subscriptions, p_seqs) WITH ORDINALITY AS i (claim_id, subscription_id, seq, settlement)
    JOIN locked l ON l.id = i.claim_id AND l.subscription_id = i.subscription_id
    WHERE i.seq = ANY (l.seqs) OR i.seq = ANY (l.parked)
  ), leaving AS MATERIALIZED (
    SELECT h.claim_id, array_agg(h.seq) AS seqs FROM held h GROUP BY h.claim_id
  ), ended AS (
    DELETE FROM ringback.claim c USING leaving g
      WHERE c.id = ANY (p_claims) AND c.id = g.claim_id
        AND cardinality(c.seqs) + cardinality(c.parked) = cardinality(g.seqs)
  ), left_over AS (
    UPDATE ringback.claim c SET
      (seqs, keys) = (SELECT coalesce(array_agg(x.seq ORDER BY x.place), '{}'), array_agg(x.key ORDER BY x.place)
        FROM unnest(c.seqs, c.keys) WITH ORDINALITY AS x (seq, key, place) WHERE x.seq <> ALL (g.seqs)),
      (parked, parked_keys) = (SELECT coalesce(array_agg(x.seq ORDER BY x.place), '{}'), array_agg(x.key ORDER BY x.place)
        FROM unnest(c.parked, c.parked_keys) WITH ORDINALITY AS x (seq, key, place) WHERE x.seq <> ALL (g.seqs))
    FROM leaving g
    WHERE c.id = ANY (p_claims) AND c.id = g.claim_id
      AND cardinality(c.seqs) + cardinality(c.parked) > cardinality(g.seqs)
  )
  SELECT array_agg(h.settlement), array_agg(h.from_parked) INTO v_applied, v_from_parked FROM held h;
  IF v_applied IS NULL THEN RETURN; END IF;

  PERFORM ringback.hold_attempt_ranges_2(ARRAY (SELECT p_started[n] FROM unnest(v_applied) AS n WHERE p_attempts[n] IS NOT NULL));
  INSERT INTO ringback.attempt
    (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code, reply)
  SELECT p_topics[n], p_seqs[n], p_subscriptions[n], p_attempts[n], p_started[n], p_durations[n], p_verdicts[n],
    p_statuses[n], p_error_codes[n],
    CASE WHEN p_reply_sizes[n] IS NOT NULL THEN substr(p_replies, p_reply_offsets[n] + 1, p_reply_sizes[n]) END
  FROM unnest(v_applied) AS n WHERE p_attempts[n] IS NOT NULL ORDER BY n;

  FOR v_row IN
    SELECT a.n, a.from_parked, p_subscriptions[a.n] AS subscription_id, p_topics[a.n] AS topic_id, p_seqs[a.n] AS seq,
      p_kinds[a.n] AS kind
    FROM unnest(v_applied, v_from_parked) AS a (n, from_parked) WHERE a.from_parked OR p_kinds[a.n] <> 0 ORDER BY a.n
  LOOP
    SELECT c.ordering INTO v_ordering FROM ringback.subscription_cursor c WHERE c.subscription_id = v_row.subscription_id;
    v_key := CASE v_ordering WHEN 'none' THEN NULL WHEN 'strict' THEN '' ELSE p_ordering_keys[v_row.n] END;
    v_parked := NULL;
    IF v_row.from_parked AND v_row.kind <> 4 THEN
      SELECT * INTO v_parked FROM ringback.parked p WHERE p.subscription_id = v_row.subscription_id AND p.seq = v_row.seq;
    END IF;
    IF v_row.kind = 3 AND v_parked.dead_letter_id IS NOT NULL THEN
      -- It was a dead letter before and has been redriven: that one comes back.
      UPDATE ringback.dead_letter d SET redriven_at = NULL, reason = p_reasons[v_row.n],
        attempts = v_parked.attempts + (p_attempts[v_row.n] IS NOT NULL)::integer, died_at = v_now,
        last_status = p_statuses[v_row.n], last_error_code = p_error_codes[v_row.n],
        last_reply = CASE WHEN p_reply_sizes[v_row.n] IS NOT NULL
          THEN substr(p_replies, p_reply_offsets[v_row.n] + 1, p_reply_sizes[v_row.n]) END
      WHERE d.id = v_parked.dead_letter_id;
    ELSIF v_row.kind = 3 THEN
      INSERT INTO ringback.dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
        last_error_code, last_reply, published_at, deliver_at, content_type, tags, routing_key, ordering_key, attributes, body)
      SELECT t.account_id, v_row.subscription_id, m.topic_id, m.seq, p_reasons[v_row.n],
        coalesce(v_parked.attempts, 0) + (p_attempts[v_row.n] IS NOT NULL)::integer, v_now,
        p_statuses[v_row.n], p_error_codes[v_row.n],
        CASE WHEN p_reply_sizes[v_row.n] IS NOT NULL
          THEN substr(p_replies, p_reply_offsets[v_row.n] + 1, p_reply_sizes[v_row.n]) END,
        m.published_at, m.deliver_at, m.content_type, m.tags, m.routing_key, m.ordering_key, m.attributes, m.body
      FROM ringback.message_at_2(v_row.topic_id, v_row.seq) m, LATERAL (
        SELECT t.account_id FROM ringback.topic t WHERE t.id = m.topic_id LIMIT 1) t;
    END IF;
    IF v_row.kind IN (0, 3) AND v_row.from_parked THEN
      DELETE FROM ringback.parked p WHERE p.subscription_id = v_row.subscription_id AND p.seq = v_row.seq;
      IF v_row.kind = 0 THEN DELETE FROM ringback.dead_letter d WHERE d.id = v_parked.dead_letter_id; END IF;
      IF v_parked.ordering_key IS NOT NULL THEN
        v_promote_subscriptions := v_promote_subscriptions || v_row.subscription_id;
        v_promote_keys := v_promote_keys || v_parked.ordering_key;
      END IF;
    ELSIF v_row.kind IN (1, 2) THEN
      INSERT INTO ringback.parked AS p
        (subscription_id, seq, due_at, attempts, retries, first_attempt_at, ordering_key)
      VALUES (v_row.subscription_id, v_row.seq,
        CASE
          WHEN v_row.kind = 1 THEN v_now + p_due_in[v_row.n]
          -- There is nothing that it could wait for.
          WHEN v_key IS NULL THEN v_now
          ELSE ringback.held_due_1(v_row.subscription_id, v_key, v_row.seq, v_now)
        END,
        coalesce(v_parked.attempts, 0) + (p_attempts[v_row.n] IS NOT NULL)::integer,
        CASE v_row.kind WHEN 1 THEN p_retries[v_row.n] ELSE coalesce(v_parked.retries, 0) END,
        CASE v_row.kind WHEN 1 THEN coalesce(v_parked.first_attempt_at, p_started[v_row.n]) ELSE v_parked.first_attempt_at END,
        v_key)
      -- A redriven delivery that fails again stays tied to its dead letter.
      ON CONFLICT (subscription_id, seq) DO UPDATE SET due_at = excluded.due_at, attempts = excluded.attempts,
        retries = excluded.retries, first_attempt_at = excluded.first_attempt_at, ordering_key = excluded.ordering_key;
    ELSIF v_row.kind = 4 AND NOT v_row.from_parked THEN
      UPDATE ringback.subscription_cursor c SET pool = c.pool || v_row.seq WHERE c.subscription_id = v_row.subscription_id;
    END IF;
  END LOOP;
  -- Last, so that it sees which rows of the key are left.
  FOR v_row IN SELECT DISTINCT * FROM unnest(v_promote_subscriptions, v_promote_keys) AS p (subscription_id, key) LOOP
    PERFORM ringback.promote_1(v_row.subscription_id, v_row.key, v_now);
  END LOOP;

  RETURN QUERY SELECT n, (SELECT c.ordering <> 'none' FROM ringback.subscription_cursor c
      WHERE c.subscription_id = p_subscriptions[n]) FROM unnest(v_applied) AS n;
END $function$;
`;
