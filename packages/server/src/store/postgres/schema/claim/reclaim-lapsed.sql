-- Summary of the other claims of a subscription.
-- count: deliveries in open claims. lease_end: when the first of their leases expires. parked: their positions in
-- ringback.parked. foreign_keys: ordering keys that other nodes have open. returned: positions that have come back.
CREATE TYPE ringback.open_claims AS (
  count integer, lease_end bigint, parked bigint[], foreign_keys text[], returned bigint[]
);

-- Deletes the claims of a subscription whose leases have expired or whose nodes have gone, and adds their positions of
-- the log to p_returned. p_alive: the nodes that are alive; null when this node cannot say that another one has gone.
CREATE FUNCTION ringback.reclaim_lapsed(
  p_subscription bigint, p_returned bigint[], p_ordering text, p_node bigint, p_now bigint, p_alive bigint[]
) RETURNS ringback.open_claims LANGUAGE plpgsql AS $function$
DECLARE
  v_claim ringback.claim%ROWTYPE;
  v_back bigint[];
  v_count integer := 0;
  v_lease_end bigint;
  v_parked bigint[] := '{}';
  v_foreign_keys text[] := '{}';
BEGIN
  FOR v_claim IN SELECT * FROM ringback.claim c WHERE c.subscription_id = p_subscription LOOP
    IF v_claim.lease_until <= p_now OR v_claim.node_id <> ALL (p_alive) THEN
      DELETE FROM ringback.claim c
        WHERE c.id = (SELECT l.id FROM ringback.claim l WHERE l.id = v_claim.id AND l.lease_until = v_claim.lease_until
          FOR UPDATE SKIP LOCKED)
        RETURNING c.seqs INTO v_back;
      IF FOUND THEN
        p_returned := p_returned || v_back;
        CONTINUE;
      END IF;
    END IF;
    v_count := v_count + cardinality(v_claim.seqs) + cardinality(v_claim.parked);
    v_lease_end := least(v_lease_end, v_claim.lease_until);
    v_parked := v_parked || v_claim.parked;
    IF v_claim.node_id <> p_node AND p_ordering = 'key' THEN
      v_foreign_keys := v_foreign_keys || v_claim.keys || v_claim.parked_keys;
    END IF;
  END LOOP;
  RETURN ROW(v_count, v_lease_end, v_parked, v_foreign_keys, p_returned)::ringback.open_claims;
END $function$;
