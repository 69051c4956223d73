-- Deletes up to p_max rows of a deleted topic, and returns how many; 0: the topic has no rows any more. The segments of
-- a topic are deleted one after the other. A partition without segments can be dropped.
CREATE FUNCTION ringback.trim_removed_topic(p_topic bigint, p_max integer) RETURNS integer
LANGUAGE plpgsql AS $function$
DECLARE
  v_segment ringback.segment%ROWTYPE;
  v_count integer;
BEGIN
  SELECT * INTO v_segment FROM ringback.segment s WHERE s.topic_id = p_topic ORDER BY s.first_seq LIMIT 1;
  IF FOUND THEN
    DELETE FROM ringback.message
      WHERE partition_id = v_segment.partition_id AND topic_id = p_topic AND seq = ANY (ARRAY (
        SELECT m.seq FROM ringback.message m WHERE m.partition_id = v_segment.partition_id AND m.topic_id = p_topic
          ORDER BY m.seq LIMIT p_max));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count = p_max THEN RETURN v_count; END IF;
    DELETE FROM ringback.segment s WHERE s.topic_id = p_topic AND s.first_seq = v_segment.first_seq;
    RETURN v_count + 1;
  END IF;
  DELETE FROM ringback.idempotency WHERE topic_id = p_topic AND key = ANY (ARRAY (
    SELECT i.key FROM ringback.idempotency i WHERE i.topic_id = p_topic LIMIT p_max));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $function$;

-- Deletes up to p_max rows of a deleted subscription, and returns how many; 0: the subscription has no rows any more.
CREATE FUNCTION ringback.trim_removed_subscription(p_subscription bigint, p_max integer) RETURNS integer
LANGUAGE plpgsql AS $function$
DECLARE
  v_count integer;
BEGIN
  DELETE FROM ringback.start_schedule WHERE subscription_id = p_subscription;
  DELETE FROM ringback.parked WHERE ctid = ANY (ARRAY (
    SELECT p.ctid FROM ringback.parked p WHERE p.subscription_id = p_subscription LIMIT p_max));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count > 0 THEN RETURN v_count; END IF;
  DELETE FROM ringback.dead_letter WHERE ctid = ANY (ARRAY (
    SELECT d.ctid FROM ringback.dead_letter d WHERE d.subscription_id = p_subscription LIMIT p_max));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $function$;
