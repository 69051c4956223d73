-- Deletes rows of deleted topics and subscriptions, topics first, in up to 100 steps and up to p_max rows. Releases the
-- numbers of topics that have no rows any more. With many steps, retention keeps up with programs that create and
-- delete topics all the time. Returns whether there was a deleted topic or subscription. Attempts are not deleted here:
-- no call can read them any more, and their partitions are dropped after their retention.
CREATE FUNCTION ringback.trim_removed(p_max integer) RETURNS boolean LANGUAGE plpgsql AS $function$
DECLARE
  v_removed ringback.removed%ROWTYPE;
  v_left integer := p_max;
  v_count integer;
  v_found boolean := false;
BEGIN
  FOR v_step IN 1 .. 100 LOOP
    SELECT * INTO v_removed FROM ringback.removed r WHERE r.kind = 'topic' ORDER BY r.id LIMIT 1;
    IF FOUND THEN
      v_count := ringback.trim_removed_topic(v_removed.id, v_left);
    ELSE
      SELECT * INTO v_removed FROM ringback.removed r WHERE r.kind = 'subscription' ORDER BY r.id LIMIT 1;
      EXIT WHEN NOT FOUND;
      v_count := ringback.trim_removed_subscription(v_removed.id, v_left);
    END IF;
    v_found := true;
    IF v_count = 0 THEN
      DELETE FROM ringback.removed r WHERE r.kind = v_removed.kind AND r.id = v_removed.id;
      INSERT INTO ringback.released_number (topic_id, last_seq)
        SELECT v_removed.id, v_removed.last_seq WHERE v_removed.last_seq IS NOT NULL;
    END IF;
    v_left := v_left - v_count;
    EXIT WHEN v_left <= 0;
  END LOOP;
  RETURN v_found;
END $function$;
