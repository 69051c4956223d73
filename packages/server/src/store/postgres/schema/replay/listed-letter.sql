-- The dead letter of a delivery; null: it has none, or only one that is being redriven.
CREATE FUNCTION ringback.listed_letter(p_subscription bigint, p_seq bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $function$
BEGIN
  RETURN (SELECT max(d.id + 0) FROM ringback.dead_letter d
    WHERE d.subscription_id = p_subscription AND d.seq = p_seq AND d.redriven_at IS NULL);
END $function$;
