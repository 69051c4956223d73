-- Turns a parked delivery into a dead letter with the reason cancelled. The caller has locked the cursor, and the
-- delivery is in no claim.
CREATE FUNCTION ringback.cancel_parked(p_subscription bigint, p_topic bigint, p_seq bigint, p_now bigint, p_wall bigint)
RETURNS void LANGUAGE plpgsql AS $function$
DECLARE
  v_parked ringback.parked%ROWTYPE;
  v_last record;
BEGIN
  DELETE FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq = p_seq RETURNING * INTO v_parked;
  SELECT x.status, x.error_code, x.error_detail, x.reply INTO v_last FROM (
    SELECT a.* FROM ringback.attempt a
      WHERE a.topic_id = p_topic AND a.seq = p_seq AND a.subscription_id + 0 = p_subscription OFFSET 0) x
    ORDER BY x.id DESC LIMIT 1;
  PERFORM ringback.write_dead_letter(v_parked.dead_letter_id, p_subscription, p_topic, p_seq, 'cancelled',
    v_parked.attempts, p_wall, v_last.status, v_last.error_code, v_last.error_detail, v_last.reply);
  PERFORM ringback.unblock_key(p_subscription, v_parked.ordering_key, p_now);
END $function$;
