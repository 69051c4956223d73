import { PARTITION_LOCK, RETENTION_LOCK } from "../locks.ts";

/**
 * A slot is a span of time for topics that keep their messages about equally long, so that what has to be kept for a month
 * does not hold what has to be kept for an hour. A partition of `message` is a slot.
 */
export const messageSlots = `
-- How long a span is: an eighth of the longest retention of its class, which are an hour, a day, a week, five weeks, a year.
CREATE FUNCTION ringback.slot_span_2(p_class integer) RETURNS bigint LANGUAGE sql IMMUTABLE
  RETURN (ARRAY[450000, 10800000, 75600000, 378000000, 3942000000]::bigint[])[p_class];

CREATE FUNCTION ringback.slot_2(p_retention_ms bigint, p_at bigint) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $function$
DECLARE
  v_class integer := CASE WHEN p_retention_ms <= 3600000 THEN 1 WHEN p_retention_ms <= 86400000 THEN 2
    WHEN p_retention_ms <= 604800000 THEN 3 WHEN p_retention_ms <= 3024000000 THEN 4 ELSE 5 END;
BEGIN
  RETURN v_class * 100000000 + p_at / ringback.slot_span_2(v_class);
END $function$;

CREATE FUNCTION ringback.slot_end_2(p_slot integer) RETURNS bigint LANGUAGE sql IMMUTABLE
  RETURN (p_slot % 100000000 + 1) * ringback.slot_span_2(p_slot / 100000000);

CREATE FUNCTION ringback.slot_of_2(p_topic integer, p_seq bigint) RETURNS integer LANGUAGE sql STABLE
  RETURN (SELECT s.slot FROM ringback.segment s WHERE s.topic_id = p_topic AND s.first_seq <= p_seq
    ORDER BY s.first_seq DESC LIMIT 1);

-- One message, from the one partition that it can be in. That retention has passed it by is for the caller to know.
CREATE FUNCTION ringback.message_at_2(p_topic integer, p_seq bigint) RETURNS SETOF ringback.message
LANGUAGE plpgsql STABLE ROWS 1 SET plan_cache_mode = force_generic_plan AS $function$
DECLARE
  v_slot integer := (SELECT s.slot FROM ringback.segment s WHERE s.topic_id = p_topic AND s.first_seq <= p_seq
    ORDER BY s.first_seq DESC LIMIT 1);
BEGIN
  RETURN QUERY SELECT * FROM ringback.message m WHERE m.slot = v_slot AND m.topic_id = p_topic AND m.seq = p_seq;
END $function$;

-- Makes the partition of a slot, unless it is there. It will be there until the caller's transaction ends.
CREATE FUNCTION ringback.ensure_slot_2(p_slot integer) RETURNS void LANGUAGE plpgsql AS $function$
BEGIN
  -- Whoever drops a partition needs this table for himself.
  LOCK TABLE ONLY ringback.message IN ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT 1 FROM ringback.message_slot WHERE slot = p_slot) THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(${PARTITION_LOCK});
  -- As ATTACH does. It also makes this session see what another has attached meanwhile.
  LOCK TABLE ONLY ringback.message IN SHARE UPDATE EXCLUSIVE MODE;
  IF EXISTS (SELECT 1 FROM ringback.message_slot WHERE slot = p_slot) THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE ringback.message_%s (LIKE ringback.message, PRIMARY KEY (topic_id, seq))', p_slot);
  EXECUTE format('ALTER TABLE ringback.message ATTACH PARTITION ringback.message_%s FOR VALUES IN (%s)', p_slot, p_slot);
  INSERT INTO ringback.message_slot (slot, ends_at) VALUES (p_slot, ringback.slot_end_2(p_slot));
END $function$;

-- Each slot that is in use has its successor made in its last quarter. Answers with how many were made.
CREATE FUNCTION ringback.prepare_slots_2(p_now bigint) RETURNS integer LANGUAGE plpgsql AS $function$
DECLARE
  v_now bigint := coalesce(p_now, ringback.now_ms());
  v_slot integer;
  v_made integer := 0;
BEGIN
  FOR v_slot IN
    SELECT m.slot + 1 FROM ringback.message_slot m WHERE m.slot > 0 AND m.ends_at > v_now
      AND m.ends_at - ringback.slot_span_2(m.slot / 100000000) / 4 <= v_now
      AND EXISTS (SELECT 1 FROM ringback.segment s WHERE s.slot = m.slot)
      AND NOT EXISTS (SELECT 1 FROM ringback.message_slot n WHERE n.slot = m.slot + 1)
  LOOP
    PERFORM ringback.ensure_slot_2(v_slot);
    v_made := v_made + 1;
  END LOOP;
  RETURN v_made;
END $function$;

-- Drops one partition that no log goes through any more, by the caller's only statement: whatever becomes of the caller, its lock
-- ends. Answers with the slot; null: there was none; -1: others had the table in use for longer than anybody may be kept waiting.
CREATE FUNCTION ringback.drop_slot_2(p_now bigint, p_lock_ms bigint) RETURNS integer LANGUAGE plpgsql AS $function$
DECLARE
  v_now bigint := coalesce(p_now, ringback.now_ms());
  v_slot integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(${RETENTION_LOCK}) THEN RETURN NULL; END IF;
  SELECT m.slot INTO v_slot FROM ringback.message_slot m
    WHERE m.ends_at <= v_now AND NOT EXISTS (SELECT 1 FROM ringback.segment s WHERE s.slot = m.slot)
    ORDER BY m.ends_at LIMIT 1;
  IF v_slot IS NULL THEN RETURN NULL; END IF;
  PERFORM set_config('lock_timeout', p_lock_ms::text, true);
  LOCK TABLE ONLY ringback.message IN ACCESS EXCLUSIVE MODE;
  -- Whoever was about to go on in this slot has done so by now.
  IF EXISTS (SELECT 1 FROM ringback.segment s WHERE s.slot = v_slot) THEN RETURN NULL; END IF;
  EXECUTE format('DROP TABLE ringback.message_%s', v_slot);
  DELETE FROM ringback.message_slot WHERE slot = v_slot;
  RETURN v_slot;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $function$;

-- Messages that come from elsewhere, in the order of topics and positions: makes their segments and partitions, and says the slot of
-- each. Their topics' logs are there.
CREATE FUNCTION ringback.place_messages_2(p_topics integer[], p_seqs bigint[], p_published bigint[])
RETURNS TABLE (slot integer) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_row record;
  v_topic integer;
  v_last integer;
BEGIN
  FOR v_row IN
    SELECT m.topic_id, m.seq, ringback.slot_2(l.retention_ms, m.published_at) AS slot
    FROM unnest(p_topics, p_seqs, p_published) WITH ORDINALITY AS m (topic_id, seq, published_at, place)
    JOIN ringback.topic_log l ON l.topic_id = m.topic_id ORDER BY m.place
  LOOP
    IF v_row.topic_id IS DISTINCT FROM v_topic THEN
      v_topic := v_row.topic_id;
      v_last := ringback.slot_of_2(v_topic, v_row.seq);
    END IF;
    IF v_row.slot IS DISTINCT FROM v_last THEN
      PERFORM ringback.ensure_slot_2(v_row.slot);
      INSERT INTO ringback.segment AS s (topic_id, first_seq, slot) VALUES (v_row.topic_id, v_row.seq, v_row.slot)
        ON CONFLICT ON CONSTRAINT segment_pkey DO UPDATE SET slot = excluded.slot;
      UPDATE ringback.topic_log SET slot = v_row.slot, slot_from = v_row.seq WHERE topic_id = v_topic;
      v_last := v_row.slot;
    END IF;
    slot := v_row.slot;
    RETURN NEXT;
  END LOOP;
END $function$;
`;
