-- Parks a message of the log that cannot be delivered yet: until its delay is over, or behind parked deliveries of its
-- ordering key. Returns whether it is due already, since it is the first of its key.
CREATE FUNCTION ringback.park_from_log(
  p_subscription bigint, p_seq bigint, p_deliver_at bigint, p_key text, p_now bigint
) RETURNS boolean LANGUAGE plpgsql AS $function$
DECLARE
  v_due bigint;
BEGIN
  IF p_deliver_at > p_now THEN
    INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries)
      VALUES (p_subscription, p_seq, p_deliver_at, 0, 0);
    RETURN false;
  END IF;
  v_due := ringback.due_in_key(p_subscription, p_key, p_seq, p_now);
  INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries, ordering_key)
    VALUES (p_subscription, p_seq, v_due, 0, 0, p_key);
  RETURN v_due IS NOT NULL;
END $function$;
