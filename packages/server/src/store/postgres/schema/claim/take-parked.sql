-- Takes the parked deliveries that are due, the longest overdue first. A delivery that is not the first of its ordering
-- key waits.
--
-- p_claimed: parked deliveries that are in open claims. p_room: the most deliveries to take. p_ordered: of these, the
-- most that take part in the order. p_apart: of these, the most copies that are apart from the order.
--
-- seqs, keys: the deliveries taken, with the ordering key of each. ordered: how many take part in the order. expired:
-- how many deliveries had lost their message. has_more: another delivery is due. waits: a delivery was skipped because
-- another node has claimed a delivery of its ordering key.
CREATE FUNCTION ringback.take_parked(
  p_subscription bigint, p_topic bigint, p_ordering text, p_claimed bigint[], p_foreign_keys text[], p_now bigint,
  p_room integer, p_ordered integer, p_apart integer, p_bytes_max bigint, p_scan_max integer, OUT count integer,
  OUT ordered integer, OUT bytes bigint, OUT seqs bigint[], OUT keys text[], OUT expired bigint, OUT has_more boolean,
  OUT waits boolean
) LANGUAGE plpgsql AS $function$
DECLARE
  v_row record;
  v_key text;
  v_due bigint;
  v_scanned integer := 0;
  v_apart bigint[] := '{}';
BEGIN
  count := 0; ordered := 0; bytes := 0; seqs := '{}'; keys := '{}'; expired := 0; has_more := false; waits := false;
  IF p_room <= 0 THEN RETURN; END IF;
  IF p_apart > 0 THEN
    v_apart := ARRAY (SELECT p.seq FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.apart
      AND p.due_at <= p_now AND p.seq <> ALL (p_claimed) ORDER BY p.due_at, p.seq LIMIT p_apart + 1);
    has_more := cardinality(v_apart) > p_apart AND p_ordering <> 'strict';
    v_apart := v_apart[1:p_apart];
  END IF;
  FOR v_row IN
    SELECT p.seq, p.apart, p.ordering_key AS blocks, x.ordering_key, x.size
    FROM ringback.parked p
    LEFT JOIN LATERAL (
      SELECT m.ordering_key, octet_length(m.body) AS size FROM ringback.message_at(p_topic, p.seq) m
        WHERE p.dead_letter_id IS NULL
      UNION ALL
      SELECT d.ordering_key, octet_length(d.body) FROM ringback.dead_letter d WHERE d.id = p.dead_letter_id
      LIMIT 1) x ON true
    WHERE p.subscription_id = p_subscription AND p.due_at <= p_now AND p.seq <> ALL (p_claimed)
      AND CASE WHEN p.apart THEN p.seq = ANY (v_apart) ELSE p_ordered > 0 END
      AND NOT EXISTS (SELECT 1 FROM ringback.parked e WHERE e.subscription_id = p.subscription_id
        AND e.ordering_key = p.ordering_key AND e.seq < p.seq)
    ORDER BY p.due_at, p.seq LIMIT p_scan_max
  LOOP
    IF count >= p_room OR bytes >= p_bytes_max THEN
      has_more := true;
      EXIT;
    END IF;
    v_scanned := v_scanned + 1;
    CONTINUE WHEN NOT v_row.apart AND ordered >= p_ordered;
    v_key := CASE WHEN p_ordering = 'none' OR v_row.apart THEN NULL WHEN p_ordering = 'strict' THEN ''
      ELSE v_row.ordering_key END;
    IF v_row.size IS NULL THEN
      -- The message is lost: the database is damaged. The delivery must neither wait forever nor vanish without a
      -- trace.
      DELETE FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq = v_row.seq;
      PERFORM ringback.unblock_key(p_subscription, v_row.blocks, p_now);
      expired := expired + 1;
    ELSIF v_row.blocks IS NULL AND v_key IS NOT NULL AND ringback.is_key_blocked(p_subscription, v_key) THEN
      -- A delayed or redriven delivery takes its position among the parked deliveries of its key now.
      v_due := ringback.due_in_key(p_subscription, v_key, v_row.seq, p_now);
      UPDATE ringback.parked p SET due_at = v_due, ordering_key = v_key
        WHERE p.subscription_id = p_subscription AND p.seq = v_row.seq;
      IF v_due IS NOT NULL THEN has_more := true; END IF;
    ELSIF v_key = ANY (p_foreign_keys) THEN
      waits := true;
    ELSE
      seqs := seqs || v_row.seq;
      keys := keys || v_key;
      bytes := bytes + v_row.size;
      count := count + 1;
      IF NOT v_row.apart THEN ordered := ordered + 1; END IF;
    END IF;
  END LOOP;
  IF expired > 0 THEN
    UPDATE ringback.subscription_cursor c SET expired = c.expired + take_parked.expired
      WHERE c.subscription_id = p_subscription;
  END IF;
  has_more := has_more OR v_scanned = p_scan_max;
END $function$;
