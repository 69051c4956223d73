-- When a delivery that is parked under its ordering key is due: null while an earlier delivery of the key is parked,
-- p_now otherwise.
CREATE FUNCTION ringback.due_in_key(p_subscription bigint, p_key text, p_seq bigint, p_now bigint) RETURNS bigint
LANGUAGE plpgsql AS $function$
BEGIN
  RETURN CASE WHEN NOT EXISTS (SELECT 1 FROM ringback.parked
    WHERE subscription_id = p_subscription AND ordering_key = p_key AND seq < p_seq) THEN p_now END;
END $function$;
