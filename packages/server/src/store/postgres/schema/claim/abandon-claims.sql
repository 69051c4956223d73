-- Ends the leases of claims that their node will never settle: the node did not receive the answer, or it shuts down.
-- p_claims null: all claims of the node.
CREATE FUNCTION ringback.abandon_claims(p_node bigint, p_claims bigint[]) RETURNS void LANGUAGE sql AS $function$
  UPDATE ringback.claim SET lease_until = 0 WHERE node_id = p_node AND (p_claims IS NULL OR id = ANY (p_claims))
$function$;
