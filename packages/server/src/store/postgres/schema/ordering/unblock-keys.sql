-- Calls unblock_key once for each distinct ordering key.
CREATE FUNCTION ringback.unblock_keys(p_subscriptions bigint[], p_keys text[], p_now bigint) RETURNS void
LANGUAGE plpgsql AS $function$
BEGIN
  PERFORM ringback.unblock_key(k.subscription_id, k.key, p_now)
    FROM (SELECT DISTINCT * FROM unnest(p_subscriptions, p_keys) AS u (subscription_id, key)) k;
END $function$;
