-- Whether a parked delivery blocks later deliveries of this ordering key. The function is in PL/pgSQL because PL/pgSQL
-- keeps the plan for the session. Before PostgreSQL 18, a function in SQL is planned anew in every transaction.
CREATE FUNCTION ringback.is_key_blocked(p_subscription bigint, p_key text) RETURNS boolean
LANGUAGE plpgsql AS $function$
BEGIN
  RETURN EXISTS (SELECT 1 FROM ringback.parked WHERE subscription_id = p_subscription AND ordering_key = p_key);
END $function$;
