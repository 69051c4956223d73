-- Makes the first parked delivery of an ordering key due, if it only waited for an earlier one.
CREATE FUNCTION ringback.unblock_key(p_subscription bigint, p_key text, p_now bigint) RETURNS void
LANGUAGE plpgsql AS $function$
BEGIN
  UPDATE ringback.parked SET due_at = p_now WHERE subscription_id = p_subscription AND due_at IS NULL AND seq =
    (SELECT min(seq) FROM ringback.parked WHERE subscription_id = p_subscription AND ordering_key = p_key);
END $function$;
