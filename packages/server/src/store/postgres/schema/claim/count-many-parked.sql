-- How many deliveries of a subscription are parked, if there are more than 1,000. The count need not be exact, so the
-- deliveries are counted at most once a second. More than 20,000 are counted less often, so that counting takes about 1
-- % of the time.
CREATE FUNCTION ringback.count_many_parked(p_cursor ringback.subscription_cursor, p_now bigint) RETURNS bigint
LANGUAGE plpgsql AS $function$
DECLARE
  v_count bigint;
BEGIN
  IF p_now - p_cursor.parked_counted_at BETWEEN 0 AND greatest(1000, p_cursor.parked_count / 20) - 1 THEN
    RETURN greatest(1001, p_cursor.parked_count);
  END IF;
  SELECT count(*) INTO v_count FROM ringback.parked p WHERE p.subscription_id = p_cursor.subscription_id;
  UPDATE ringback.subscription_cursor c SET parked_count = v_count, parked_counted_at = p_now
    WHERE c.subscription_id = p_cursor.subscription_id;
  RETURN v_count;
END $function$;
