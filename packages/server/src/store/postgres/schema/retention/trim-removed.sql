-- Deletes rows of one deleted topic or subscription, topics first. Returns whether such a topic or subscription was
-- found. Attempts are not deleted here: no call can read them any more, and their partitions are dropped after their
-- retention. The segments of a topic are deleted one after the other. A partition without segments can be dropped.
CREATE FUNCTION ringback.trim_removed(p_max integer) RETURNS boolean LANGUAGE plpgsql AS $function$
DECLARE
  v_removed ringback.removed%ROWTYPE;
  v_segment ringback.segment%ROWTYPE;
  v_first integer;
  v_second integer;
BEGIN
  SELECT * INTO v_removed FROM ringback.removed r ORDER BY r.kind DESC, r.id LIMIT 1;
  IF NOT FOUND THEN RETURN false; END IF;
  IF v_removed.kind = 'topic' THEN
    DELETE FROM ringback.idempotency WHERE topic_id = v_removed.id AND key = ANY (ARRAY (
      SELECT i.key FROM ringback.idempotency i WHERE i.topic_id = v_removed.id LIMIT p_max));
    GET DIAGNOSTICS v_first = ROW_COUNT;
    SELECT * INTO v_segment FROM ringback.segment s WHERE s.topic_id = v_removed.id ORDER BY s.first_seq LIMIT 1;
    DELETE FROM ringback.message
      WHERE partition_id = v_segment.partition_id AND topic_id = v_removed.id AND seq = ANY (ARRAY (
        SELECT m.seq FROM ringback.message m WHERE m.partition_id = v_segment.partition_id
          AND m.topic_id = v_removed.id ORDER BY m.seq LIMIT p_max));
    GET DIAGNOSTICS v_second = ROW_COUNT;
    IF v_second < p_max AND v_segment.first_seq IS NOT NULL THEN
      DELETE FROM ringback.segment WHERE topic_id = v_removed.id AND first_seq = v_segment.first_seq;
      RETURN true;
    END IF;
  ELSE
    DELETE FROM ringback.parked WHERE ctid = ANY (ARRAY (
      SELECT p.ctid FROM ringback.parked p WHERE p.subscription_id = v_removed.id LIMIT p_max));
    GET DIAGNOSTICS v_first = ROW_COUNT;
    DELETE FROM ringback.dead_letter WHERE ctid = ANY (ARRAY (
      SELECT d.ctid FROM ringback.dead_letter d WHERE d.subscription_id = v_removed.id LIMIT p_max));
    GET DIAGNOSTICS v_second = ROW_COUNT;
  END IF;
  IF v_first + v_second = 0 THEN
    DELETE FROM ringback.removed r WHERE r.kind = v_removed.kind AND r.id = v_removed.id;
  END IF;
  RETURN true;
END $function$;
