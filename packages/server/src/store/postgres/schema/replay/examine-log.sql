-- Examines up to p_max messages of a log for a replay: those after p_position, through p_through. The caller has locked
-- the cursor of the target, except when it only counts.
--
-- p_routes: regular expressions for the type, as in subscription_cursor; null: any type. p_failed_of: a message matches
-- only if its delivery to this subscription was given up; null: no such condition.
--
-- at: the position of the replay when the message is done. matches: the message meets the conditions of the replay and
-- the filter of the target. pending: the target still has to deliver the message anyway. letter: the message's dead
-- letter of the target; null: there is none.
CREATE FUNCTION ringback.examine_log(
  p_topic bigint, p_position bigint, p_through bigint, p_max integer, p_target bigint, p_routes text[],
  p_failed_of bigint
) RETURNS TABLE (at bigint, seq bigint, matches boolean, pending boolean, letter bigint)
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_log ringback.topic_log%ROWTYPE;
  v_target ringback.subscription_cursor%ROWTYPE;
  v_failed ringback.subscription_cursor%ROWTYPE;
  v_unsettled bigint[];
  v_segment record;
  v_end bigint;
  v_count integer;
BEGIN
  SELECT * INTO v_log FROM ringback.topic_log l WHERE l.topic_id = p_topic;
  SELECT * INTO v_target FROM ringback.subscription_cursor c WHERE c.subscription_id = p_target;
  SELECT * INTO v_failed FROM ringback.subscription_cursor c WHERE c.subscription_id = p_failed_of;
  v_unsettled := v_target.returned_seqs || ARRAY (
    SELECT unnest(c.seqs) FROM ringback.claim c WHERE c.subscription_id = p_target);
  -- Makes this session see partitions that other sessions have just created: see take_from_log.
  PERFORM pg_advisory_xact_lock_shared(ringback.partition_lock());
  LOCK TABLE ONLY ringback.message IN ROW SHARE MODE;
  WHILE p_position < p_through AND p_max > 0 LOOP
    v_segment := ringback.segment_at(v_log, p_position + 1);
    v_end := least(v_segment.through, p_through);
    RETURN QUERY
    SELECT x.seq, x.seq, x.matches, x.matches AND (x.seq > v_target.scanned_through OR x.seq = ANY (v_unsettled)
        OR EXISTS (SELECT 1 FROM ringback.parked p WHERE p.subscription_id = p_target AND p.seq = x.seq)),
      CASE WHEN x.matches THEN ringback.listed_letter(p_target, x.seq) END
    FROM (
      SELECT m.seq, CASE
        WHEN v_target.tags IS NOT NULL AND NOT coalesce(m.tags && v_target.tags, false) THEN false
        WHEN v_target.routes IS NOT NULL AND NOT coalesce(
          CASE m.type WHEN '' THEN '' ELSE '.' || m.type END ~ ANY (v_target.routes), false) THEN false
        WHEN p_routes IS NOT NULL AND NOT coalesce(
          CASE m.type WHEN '' THEN '' ELSE '.' || m.type END ~ ANY (p_routes), false) THEN false
        WHEN p_failed_of IS NULL THEN true
        ELSE ringback.has_failed(v_failed, m.seq) END AS matches
      FROM ringback.message m
      WHERE m.partition_id = v_segment.partition_id AND m.topic_id = p_topic AND m.seq > p_position AND m.seq <= v_end
      ORDER BY m.seq LIMIT p_max) x;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    p_max := p_max - v_count;
    -- A position without a message means that the database is damaged. The position is skipped.
    p_position := v_end;
  END LOOP;
END $function$;
