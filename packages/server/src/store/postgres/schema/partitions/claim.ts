import { PARTITION_LOCK } from "../locks.ts";
import { steadierPlans } from "../steady-plans.ts";

/**
 * Claims for many subscriptions in one round trip. See docs/adr/0011-claims-in-postgres.md.
 *
 * Locks are taken in this order everywhere: a topic's log, cursors by id, claims by id. Without `p_wait` a cursor
 * that somebody has locked is passed over and told as busy; with it, cursors are waited for, and the caller gives the
 * wants in the order of ids. A claim that is being settled at this moment is left alone, even if its lease has run out.
 *
 * A want answers with a row per delivery and, last, one without `seq` that says the rest.
 *
 * As the one of the first step, and it reads the log by segments: each statement over messages names the one partition that it
 * reads, by a parameter, so that the others are left out when it starts and not looked at.
 */
export const claim = `
CREATE OR REPLACE FUNCTION ringback.claim_1(
  p_now bigint,
  p_node bigint,
  p_lease_ms bigint,
  p_wait boolean,
  p_scan_max integer,
  p_pool_max integer,
  p_retry_ms bigint,
  p_steady_ms bigint,
  -- One entry per want.
  p_claims bigint[],
  p_subscriptions bigint[],
  p_deliveries_max integer[],
  p_bytes_max bigint[],
  p_from_log boolean[]
) RETURNS TABLE (
  want integer, seq bigint, attempts bigint, retries bigint, first_attempt_at bigint,
  topic_id integer, published_at bigint, deliver_at bigint, content_type text, tags text[], routing_key text,
  ordering_key text, attributes text, body bytea,
  busy boolean, more boolean, next_due_in bigint, parked_count bigint
)
LANGUAGE plpgsql ${steadierPlans} AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint := coalesce(p_now, ringback.now_ms());
  v_alive bigint[];
  v_steady boolean;
  v_shared boolean;
  v_id bigint;
  v_cursor ringback.subscription_cursor%ROWTYPE;
  v_claim ringback.claim%ROWTYPE;
  v_row record;
  v_key text;
  v_room integer;
  v_bytes bigint;
  v_bytes_max bigint;
  v_first bigint;
  v_last bigint;
  v_scanned bigint;
  v_pool bigint[];
  v_back bigint[];
  v_looked integer;
  v_open integer;
  v_lease_end bigint;
  v_open_parked bigint[];
  v_foreign_keys text[];
  v_seqs bigint[];
  v_keys text[];
  v_parked bigint[];
  v_parked_keys text[];
  v_expired bigint;
  v_capped boolean;
  v_waiting boolean;
  v_held boolean;
  v_more_parked boolean;
  v_due bigint;
  v_taken integer;
  v_last_slot integer;
  v_last_from bigint;
  v_slot integer;
  v_through bigint;
  v_returned bigint[];
  v_slots integer[];
  v_seq_slots integer[];
  v_counted bigint;
  v_sure boolean := false;
BEGIN
  -- A claim that is forgotten in a crash only goes out again: it need not wait for the disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  v_alive := ARRAY (SELECT n.id FROM ringback.node n WHERE n.alive_until > v_now);
  v_shared := EXISTS (SELECT 1 FROM unnest(v_alive) AS n WHERE n <> p_node);
  -- A node that has been heard all the time may say of another that it is gone. After a time in which nobody could be heard,
  -- when the database was away, it cannot.
  v_steady := p_node = ANY (v_alive)
    AND EXISTS (SELECT 1 FROM ringback.node n WHERE n.id = p_node AND n.beating_since <= v_now - p_steady_ms);
  FOR v_want IN 1 .. cardinality(p_subscriptions) LOOP
    v_id := p_subscriptions[v_want];
    want := v_want;
    seq := NULL; busy := false; more := false; next_due_in := NULL; parked_count := 0;
    IF p_wait THEN
      SELECT * INTO v_cursor FROM ringback.subscription_cursor c WHERE c.subscription_id = v_id FOR UPDATE;
    ELSE
      SELECT * INTO v_cursor FROM ringback.subscription_cursor c WHERE c.subscription_id = v_id FOR UPDATE SKIP LOCKED;
    END IF;
    IF v_cursor.subscription_id IS NULL THEN
      busy := NOT p_wait AND EXISTS (SELECT 1 FROM ringback.subscription_cursor c WHERE c.subscription_id = v_id);
      RETURN NEXT;
      CONTINUE;
    END IF;
    IF NOT v_cursor.active THEN
      RETURN NEXT;
      CONTINUE;
    END IF;

    -- Who has what. Before parked rows are read: what is parked meanwhile is then seen twice, never not at all.
    v_pool := v_cursor.pool;
    v_open := 0; v_lease_end := NULL; v_open_parked := '{}'; v_foreign_keys := '{}';
    FOR v_claim IN SELECT * FROM ringback.claim c WHERE c.subscription_id = v_id LOOP
      IF v_claim.lease_until <= v_now
          OR (v_steady AND v_claim.node_id <> p_node AND v_claim.node_id <> ALL (v_alive)) THEN
        DELETE FROM ringback.claim c
          WHERE c.id = (SELECT l.id FROM ringback.claim l WHERE l.id = v_claim.id AND l.lease_until = v_claim.lease_until
            FOR UPDATE SKIP LOCKED)
          RETURNING c.seqs INTO v_back;
        IF FOUND THEN
          v_pool := v_pool || v_back;
          CONTINUE;
        END IF;
      END IF;
      v_open := v_open + cardinality(v_claim.seqs) + cardinality(v_claim.parked);
      v_lease_end := least(v_lease_end, v_claim.lease_until);
      v_open_parked := v_open_parked || v_claim.parked;
      IF v_claim.node_id <> p_node AND v_cursor.ordering = 'key' THEN
        v_foreign_keys := v_foreign_keys || v_claim.keys || v_claim.parked_keys;
      END IF;
    END LOOP;

    v_room := p_deliveries_max[v_want];
    v_bytes_max := p_bytes_max[v_want];
    v_capped := v_shared AND v_cursor.in_flight_max <= v_open;
    IF v_shared THEN v_room := least(v_room, greatest(0, v_cursor.in_flight_max - v_open)); END IF;
    IF v_cursor.ordering = 'strict' THEN v_room := CASE WHEN v_open > 0 THEN 0 ELSE 1 END; END IF;
    v_bytes := 0; v_taken := 0; v_expired := 0; v_looked := 0;
    v_seqs := '{}'; v_seq_slots := '{}'; v_slots := '{}'; v_keys := '{}'; v_parked := '{}'; v_parked_keys := '{}';
    v_more_parked := false; v_waiting := false;

    -- Parked deliveries that are due, the longest overdue first. One that is not the first of its key waits.
    IF v_room > 0 THEN
      FOR v_row IN
        SELECT p.seq, p.ordering_key AS holds, x.ordering_key, x.size
        FROM ringback.parked p
        LEFT JOIN LATERAL (
          SELECT m.ordering_key, octet_length(m.body) AS size FROM ringback.message_at_2(v_cursor.topic_id, p.seq) m
            WHERE p.dead_letter_id IS NULL
          UNION ALL
          SELECT d.ordering_key, octet_length(d.body) FROM ringback.dead_letter d WHERE d.id = p.dead_letter_id
          LIMIT 1) x ON true
        WHERE p.subscription_id = v_id AND p.due_at <= v_now AND p.seq <> ALL (v_open_parked)
          AND NOT EXISTS (SELECT 1 FROM ringback.parked e WHERE e.subscription_id = p.subscription_id
            AND e.ordering_key = p.ordering_key AND e.seq < p.seq)
        ORDER BY p.due_at, p.seq LIMIT p_scan_max
      LOOP
        IF v_taken >= v_room OR v_bytes >= v_bytes_max THEN
          v_more_parked := true;
          EXIT;
        END IF;
        v_looked := v_looked + 1;
        v_key := CASE v_cursor.ordering WHEN 'none' THEN NULL WHEN 'strict' THEN '' ELSE v_row.ordering_key END;
        IF v_row.size IS NULL THEN
          -- Nothing has its message any more: a damaged database. It must not wait for ever, nor go without a trace.
          DELETE FROM ringback.parked p WHERE p.subscription_id = v_id AND p.seq = v_row.seq;
          PERFORM ringback.promote_1(v_id, v_row.holds, v_now);
          v_expired := v_expired + 1;
        ELSIF v_row.holds IS NULL AND v_key IS NOT NULL AND ringback.is_held_1(v_id, v_key) THEN
          -- It was delayed, or had been given up, and now takes its place among the others of its key.
          v_due := ringback.held_due_1(v_id, v_key, v_row.seq, v_now);
          UPDATE ringback.parked p SET due_at = v_due, ordering_key = v_key WHERE p.subscription_id = v_id AND p.seq = v_row.seq;
          IF v_due IS NOT NULL THEN v_more_parked := true; END IF;
        ELSIF v_cursor.ordering = 'key' AND v_key = ANY (v_foreign_keys) THEN
          v_waiting := true;
        ELSE
          v_parked := v_parked || v_row.seq;
          v_parked_keys := v_parked_keys || v_key;
          v_bytes := v_bytes + v_row.size;
          v_taken := v_taken + 1;
        END IF;
      END LOOP;
      IF v_looked = p_scan_max THEN v_more_parked := true; END IF;
    END IF;

    -- The log: what came back, then what nobody has looked at.
    SELECT l.first_seq, l.last_seq, l.slot, l.slot_from INTO v_first, v_last, v_last_slot, v_last_from
      FROM ringback.topic_log l WHERE l.topic_id = v_cursor.topic_id;
    v_scanned := greatest(v_cursor.scanned_through, v_first - 1);
    v_held := v_cursor.ordering = 'strict' AND (v_open + v_taken > 0 OR ringback.is_held_1(v_id, ''));
    IF p_from_log[v_want] AND NOT v_held AND v_taken < v_room AND v_bytes < v_bytes_max
        AND (v_scanned < v_last OR cardinality(v_pool) > 0) THEN
      v_looked := 0;
      v_returned := v_pool;
      LOOP
        -- Which slot the log goes on in from here, and up to where.
        IF v_scanned + 1 >= v_last_from THEN
          v_slot := v_last_slot;
          v_through := v_last;
        ELSE
          v_slot := ringback.slot_of_2(v_cursor.topic_id, v_scanned + 1);
          v_through := coalesce((SELECT s.first_seq - 1 FROM ringback.segment s
            WHERE s.topic_id = v_cursor.topic_id AND s.first_seq > v_scanned + 1 ORDER BY s.first_seq LIMIT 1), v_last);
        END IF;
        FOR v_row IN
          (SELECT s AS seq, octet_length(x.body) AS size, x.deliver_at, x.ordering_key, x.slot, true AS returned, true AS wanted
           FROM unnest(v_returned) AS s, LATERAL ringback.message_at_2(v_cursor.topic_id, s) x
           ORDER BY s)
          UNION ALL
          (SELECT m.seq, octet_length(m.body), m.deliver_at, m.ordering_key, m.slot, false,
             (v_cursor.tags IS NULL OR coalesce(m.tags && v_cursor.tags, false))
             AND (v_cursor.routes IS NULL
               OR coalesce(CASE m.routing_key WHEN '' THEN '' ELSE '.' || m.routing_key END ~ ANY (v_cursor.routes), false))
           FROM ringback.message m
           WHERE m.slot = v_slot AND m.topic_id = v_cursor.topic_id AND m.seq > v_scanned AND m.seq <= v_through
           ORDER BY m.seq LIMIT p_scan_max - v_looked)
        LOOP
          IF v_taken >= v_room OR v_bytes >= v_bytes_max THEN
            v_looked := -1;
            EXIT;
          END IF;
          v_key := CASE v_cursor.ordering WHEN 'none' THEN NULL WHEN 'strict' THEN '' ELSE v_row.ordering_key END;
          IF v_row.wanted AND v_cursor.ordering = 'key' AND v_key = ANY (v_foreign_keys)
              AND NOT (v_row.deliver_at IS NOT NULL AND v_row.deliver_at > v_now) THEN
            -- Its key is open on another node: passed by, for whoever claims when it no longer is.
            v_waiting := true;
            IF v_row.returned THEN CONTINUE; END IF;
            IF cardinality(v_pool) >= p_pool_max THEN
              v_looked := -1;
              EXIT;
            END IF;
            v_pool := v_pool || v_row.seq;
            v_scanned := v_row.seq;
            v_looked := v_looked + 1;
            CONTINUE;
          END IF;
          IF v_row.returned THEN v_pool := array_remove(v_pool, v_row.seq);
          ELSE
            v_scanned := v_row.seq;
            v_looked := v_looked + 1;
          END IF;
          IF NOT v_row.wanted THEN CONTINUE; END IF;
          IF v_row.deliver_at > v_now THEN
            INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries)
              VALUES (v_id, v_row.seq, v_row.deliver_at, 0, 0);
          ELSIF v_key IS NOT NULL AND ringback.is_held_1(v_id, v_key) THEN
            v_due := ringback.held_due_1(v_id, v_key, v_row.seq, v_now);
            INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries, ordering_key)
              VALUES (v_id, v_row.seq, v_due, 0, 0, v_key);
            IF v_due IS NOT NULL THEN v_more_parked := true; END IF;
          ELSE
            v_seqs := v_seqs || v_row.seq;
            v_seq_slots := v_seq_slots || v_row.slot;
            IF v_row.slot <> ALL (v_slots) THEN v_slots := v_slots || v_row.slot; END IF;
            v_keys := v_keys || v_key;
            v_bytes := v_bytes + v_row.size;
            v_taken := v_taken + 1;
          END IF;
        END LOOP;
        EXIT WHEN v_looked < 0;
        -- All of the segment was there to be looked at, so what is not there may be in a partition that this session does not know
        -- yet: whoever made it has committed, and is about to say so. After that, a position without a message is damage, and passed over.
        IF v_looked < p_scan_max AND v_scanned < v_through THEN
          IF NOT v_sure THEN
            v_sure := true;
            PERFORM pg_advisory_xact_lock_shared(${PARTITION_LOCK});
            -- A lock that is new to the transaction makes the session hear the news.
            LOCK TABLE ONLY ringback.message IN ROW SHARE MODE;
            v_returned := '{}';
            CONTINUE;
          END IF;
          v_scanned := v_through;
        END IF;
        EXIT WHEN v_scanned >= v_last OR v_looked >= p_scan_max OR v_taken >= v_room OR v_bytes >= v_bytes_max;
        v_returned := '{}';
      END LOOP;
    END IF;

    IF v_scanned > v_cursor.scanned_through OR v_pool IS DISTINCT FROM v_cursor.pool OR v_expired > 0 THEN
      UPDATE ringback.subscription_cursor c
        SET scanned_through = greatest(c.scanned_through, v_scanned), pool = v_pool, expired = c.expired + v_expired
        WHERE c.subscription_id = v_id;
    END IF;
    -- Where many are parked, they are counted once a second, whoever claims, and from 20,000 on once in so many seconds more that
    -- counting stays near 1 % of the time; what it is needed for bears that.
    SELECT count(*) INTO parked_count FROM (
      SELECT 1 FROM ringback.parked p WHERE p.subscription_id = v_id LIMIT 1001) few;
    IF parked_count > 1000 THEN
      IF v_now - v_cursor.parked_counted_at BETWEEN 0 AND greatest(1000, v_cursor.parked_count / 20) - 1 THEN
        parked_count := greatest(parked_count, v_cursor.parked_count);
      ELSE
        SELECT count(*) INTO v_counted FROM ringback.parked p WHERE p.subscription_id = v_id;
        parked_count := v_counted;
        UPDATE ringback.subscription_cursor c SET parked_count = v_counted, parked_counted_at = v_now
          WHERE c.subscription_id = v_id;
      END IF;
    END IF;

    IF v_taken > 0 THEN
      INSERT INTO ringback.claim (id, node_id, subscription_id, lease_until, seqs, keys, parked, parked_keys)
        VALUES (p_claims[v_want], p_node, v_id, v_now + p_lease_ms, v_seqs, v_keys, v_parked, v_parked_keys);
      topic_id := v_cursor.topic_id;
      FOREACH v_slot IN ARRAY v_slots LOOP
        FOR seq, attempts, retries, first_attempt_at, published_at, deliver_at, content_type, tags, routing_key,
            ordering_key, attributes, body IN
          SELECT m.seq, 0, 0, NULL, m.published_at, m.deliver_at, m.content_type, m.tags, m.routing_key, m.ordering_key,
            m.attributes, m.body
          FROM unnest(v_seqs, v_seq_slots) AS s (seq, slot), LATERAL (
            SELECT * FROM ringback.message m WHERE m.slot = v_slot AND m.topic_id = v_cursor.topic_id AND m.seq = s.seq LIMIT 1) m
          WHERE s.slot = v_slot
        LOOP
          RETURN NEXT;
        END LOOP;
      END LOOP;
      IF cardinality(v_parked) > 0 THEN
        FOR seq, attempts, retries, first_attempt_at, published_at, deliver_at, content_type, tags, routing_key,
            ordering_key, attributes, body IN
          SELECT p.seq, p.attempts, p.retries, p.first_attempt_at, x.published_at, x.deliver_at, x.content_type, x.tags,
            x.routing_key, x.ordering_key, x.attributes, x.body
          FROM unnest(v_parked) AS s, LATERAL (
            SELECT * FROM ringback.parked p WHERE p.subscription_id = v_id AND p.seq = s LIMIT 1) p, LATERAL (
            SELECT m.published_at, m.deliver_at, m.content_type, m.tags, m.routing_key, m.ordering_key, m.attributes, m.body
              FROM ringback.message_at_2(v_cursor.topic_id, p.seq) m WHERE p.dead_letter_id IS NULL
            UNION ALL
            SELECT d.published_at, d.deliver_at, d.content_type, d.tags, d.routing_key, d.ordering_key, d.attributes, d.body
              FROM ringback.dead_letter d WHERE d.id = p.dead_letter_id
            LIMIT 1) x
        LOOP
          RETURN NEXT;
        END LOOP;
      END IF;
      seq := NULL; attempts := NULL; body := NULL; attributes := NULL; tags := NULL;
    END IF;

    IF parked_count > 0 THEN
      SELECT p.due_at INTO v_due FROM ringback.parked p WHERE p.subscription_id = v_id AND p.due_at > v_now
        ORDER BY p.due_at LIMIT 1;
    ELSE v_due := NULL;
    END IF;
    IF v_more_parked THEN v_due := v_now; END IF;
    -- Whoever got nothing wants to know when the leases of the others end as well, or when to ask again.
    IF v_taken > 0 THEN v_lease_end := NULL;
    ELSIF v_waiting OR (v_capped AND (v_scanned < v_last OR cardinality(v_pool) > 0 OR parked_count > 0)) THEN
      v_lease_end := least(v_lease_end, v_now + p_retry_ms);
    END IF;
    next_due_in := CASE WHEN v_cursor.ordering = 'strict' AND v_open + v_taken > 0 THEN v_lease_end
      ELSE least(v_due, v_lease_end) END - v_now;
    more := NOT (v_taken = 0 AND v_capped)
      AND NOT (v_cursor.ordering = 'strict' AND (v_open + v_taken > 0 OR ringback.is_held_1(v_id, '')))
      AND (v_more_parked OR (p_from_log[v_want] AND (v_scanned < v_last OR (cardinality(v_pool) > 0 AND NOT v_waiting))));
    RETURN NEXT;
  END LOOP;
END $function$;
`;
