-- Expires the oldest messages of one topic, within one segment (the part of the log that is in one partition). No
-- delivery vanishes silently: a parked delivery becomes a dead letter, and a message that no claim has taken is counted
-- as expired on its subscription. A message that is claimed at this moment stays, and so do all messages after it. A
-- call locks the log and all cursors of the topic, so each call expires few messages.
--
-- The rows of messages are not deleted. Instead, first_seq of the log moves past them. Their partition is dropped when
-- no log has a segment in it any more.
--
-- Returns rows of several kinds. expired: how many deliveries of a subscription expired. ready: a subscription that has
-- an unblocked delivery now. removed and dead_lettered, without a subscription: the numbers of expired messages and of
-- new dead letters.
CREATE FUNCTION ringback.trim_topic(
  p_now bigint[], p_topic bigint, p_messages_max integer, p_dead_letters_max integer, p_dead_letter_bytes_max bigint
) RETURNS TABLE (what text, subscription_id bigint, count bigint)
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint := coalesce(p_now[1], ringback.steady_ms());
  v_wall bigint := coalesce(p_now[2], ringback.now_ms());
  v_log ringback.topic_log%ROWTYPE;
  v_partition integer;
  v_through bigint;
  v_dead record;
BEGIN
  SELECT * INTO v_log FROM ringback.topic_log l WHERE l.topic_id = p_topic FOR UPDATE;
  IF v_log.expires_at IS NULL OR v_log.expires_at > v_wall THEN RETURN; END IF;
  PERFORM 1 FROM ringback.subscription_cursor c WHERE c.topic_id = p_topic ORDER BY c.subscription_id FOR UPDATE;
  PERFORM ringback.reclaim_lapsed_of_topic(p_topic, v_now);
  v_partition := ringback.segment_partition_id(p_topic, v_log.first_seq);
  v_through := ringback.expired_through(v_log, v_partition, v_wall, p_messages_max);
  IF v_through < v_log.first_seq THEN RETURN; END IF;

  v_dead := ringback.find_expired_parked(v_log, v_partition, p_dead_letters_max, p_dead_letter_bytes_max, v_through);
  v_through := v_dead.through;
  RETURN QUERY SELECT * FROM ringback.dead_letter_expired(p_topic, v_dead.subscriptions, v_dead.seqs, v_now, v_wall);
  what := 'dead_lettered'; subscription_id := NULL; count := coalesce(cardinality(v_dead.seqs), 0);
  RETURN NEXT;
  IF v_through < v_log.first_seq THEN RETURN; END IF;

  RETURN QUERY SELECT 'expired', e.* FROM ringback.expire_unclaimed(v_log, v_partition, v_through) e;
  what := 'removed'; subscription_id := NULL; count := v_through - v_log.first_seq + 1;
  RETURN NEXT;
  DELETE FROM ringback.segment s WHERE s.topic_id = p_topic AND s.first_seq <= v_through
    AND coalesce((SELECT n.first_seq FROM ringback.segment n
      WHERE n.topic_id = p_topic AND n.first_seq > s.first_seq ORDER BY n.first_seq LIMIT 1), v_log.last_seq + 1)
      <= v_through + 1;
  -- A message is at least as old as each later one, also when the clock was ahead as it was published.
  -- The publishing time of a lost message is unknown. The next call then searches for a message whose time is known.
  UPDATE ringback.topic_log l SET first_seq = v_through + 1,
    partition_id = CASE WHEN v_through < l.last_seq THEN l.partition_id END,
    segment_first_seq = CASE WHEN v_through < l.last_seq THEN l.segment_first_seq END,
    expires_at = CASE WHEN v_through < l.last_seq THEN coalesce(
      (SELECT least(m.published_at, l.last_published_at, (
          SELECT n.published_at FROM ringback.segment s, ringback.message_at(p_topic, s.first_seq) n
            WHERE s.topic_id = p_topic AND s.first_seq > v_through + 1 ORDER BY s.first_seq LIMIT 1)) + l.retention_ms
        FROM ringback.message_at(p_topic, v_through + 1) m), v_wall) END
    WHERE l.topic_id = p_topic;
END $function$;
