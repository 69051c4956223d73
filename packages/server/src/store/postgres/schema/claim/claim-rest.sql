-- Returned by a claim in addition to its deliveries. more: another claim would find deliveries at once.
-- next_due_in: milliseconds until another claim would find deliveries; null when that is unknown.
--
-- p_is_held: the subscription is strictly ordered, and a delivery that takes part in the order is open. p_taken: number
-- of deliveries that this claim has taken. p_parked: number of parked deliveries. p_has_due: a parked delivery is due.
-- p_waits: a delivery waits because another node has claimed a delivery of its ordering key. p_is_capped: all of
-- in_flight_max is used. p_has_unscanned: the log has positions that no claim has examined. p_has_returned: returned
-- positions are left. p_lease_end: the earliest end of a lease of the other open claims.
CREATE FUNCTION ringback.claim_rest(
  p_subscription bigint, p_is_strict boolean, p_is_held boolean, p_taken integer, p_parked bigint,
  p_has_due boolean, p_waits boolean, p_is_capped boolean, p_has_unscanned boolean, p_has_returned boolean,
  p_lease_end bigint, p_now bigint, p_from_log boolean, p_retry_ms bigint, OUT more boolean, OUT next_due_in bigint
) LANGUAGE plpgsql AS $function$
DECLARE
  v_due bigint;
BEGIN
  -- A caller that got nothing also learns when the leases of others expire, or when to try again.
  IF p_taken > 0 THEN
    p_lease_end := NULL;
  ELSIF p_waits OR (p_is_capped AND (p_has_unscanned OR p_has_returned OR p_parked > 0)) THEN
    p_lease_end := least(p_lease_end, p_now + p_retry_ms);
  END IF;
  IF p_is_held THEN
    IF p_parked > 0 THEN
      SELECT greatest(p.due_at, p_now + p_retry_ms) INTO v_due FROM ringback.parked p
        WHERE p.subscription_id = p_subscription AND p.apart ORDER BY p.due_at LIMIT 1;
    END IF;
    more := false;
    next_due_in := least(v_due, p_lease_end) - p_now;
    RETURN;
  END IF;
  IF p_has_due THEN
    v_due := p_now;
  ELSIF p_parked > 0 THEN
    SELECT p.due_at INTO v_due FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.due_at > p_now
      ORDER BY p.due_at LIMIT 1;
  END IF;
  more := NOT (p_taken = 0 AND p_is_capped)
    AND (p_has_due OR (p_from_log AND (p_has_unscanned OR (p_has_returned AND NOT p_waits))))
    AND NOT (p_is_strict AND ringback.is_key_blocked(p_subscription, ''));
  next_due_in := least(v_due, p_lease_end) - p_now;
END $function$;
