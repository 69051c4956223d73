-- Parks a message of the log that cannot be delivered yet, because it is delayed or because earlier deliveries of its
-- ordering key are parked. Returns whether the parked delivery is due already because it is the first of its key.
CREATE FUNCTION ringback.park_from_log(
  p_subscription bigint, p_seq bigint, p_deliver_at bigint, p_key text, p_now bigint
) RETURNS boolean LANGUAGE plpgsql AS $function$
DECLARE
  v_is_delayed boolean := coalesce(p_deliver_at > p_now, false);
  v_due bigint := CASE WHEN v_is_delayed THEN p_deliver_at
    ELSE ringback.due_in_key(p_subscription, p_key, p_seq, p_now) END;
BEGIN
  INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries, ordering_key)
    VALUES (p_subscription, p_seq, v_due, 0, 0, CASE WHEN NOT v_is_delayed THEN p_key END);
  RETURN coalesce(v_due <= p_now, false);
END $function$;
