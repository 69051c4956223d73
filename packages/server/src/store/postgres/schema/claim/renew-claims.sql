-- Extends leases that have not expired; never shortens one. Returns the claims that the node still holds.
CREATE FUNCTION ringback.renew_claims(p_now bigint[], p_node bigint, p_lease_ms bigint, p_claims bigint[])
RETURNS TABLE (id bigint) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint := coalesce(p_now[1], ringback.steady_ms());
BEGIN
  RETURN QUERY
  WITH valid AS MATERIALIZED (
    SELECT id FROM ringback.claim WHERE id = ANY (p_claims) AND node_id = p_node AND lease_until > v_now
      ORDER BY id FOR UPDATE
  )
  UPDATE ringback.claim c SET lease_until = greatest(c.lease_until, v_now + p_lease_ms)
    FROM valid WHERE c.id = ANY (p_claims) AND c.id = valid.id RETURNING c.id;
END $function$;
