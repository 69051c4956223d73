-- Deletes the claims of a subscription whose leases have expired or whose nodes have gone, and adds their positions of
-- the log to returned. p_alive: the nodes that are alive; null when this node cannot judge which nodes are alive.
--
-- The outputs describe the remaining claims. count: how many deliveries they contain. lease_end: when the first of
-- their leases expires. parked: the positions in ringback.parked that these claims contain. foreign_keys: the ordering
-- keys of deliveries that other nodes have claimed.
CREATE FUNCTION ringback.reclaim_lapsed(
  p_subscription bigint, p_ordering text, p_node bigint, p_now bigint, p_alive bigint[], INOUT returned bigint[],
  OUT count integer, OUT lease_end bigint, OUT parked bigint[], OUT foreign_keys text[]
) LANGUAGE plpgsql AS $function$
DECLARE
  v_claim ringback.claim%ROWTYPE;
  v_back bigint[];
BEGIN
  count := 0; parked := '{}'; foreign_keys := '{}';
  FOR v_claim IN SELECT * FROM ringback.claim c WHERE c.subscription_id = p_subscription LOOP
    IF v_claim.lease_until <= p_now OR v_claim.node_id <> ALL (p_alive) THEN
      DELETE FROM ringback.claim c
        WHERE c.id = (SELECT l.id FROM ringback.claim l WHERE l.id = v_claim.id AND l.lease_until = v_claim.lease_until
          FOR UPDATE SKIP LOCKED)
        RETURNING c.seqs INTO v_back;
      IF FOUND THEN
        returned := returned || v_back;
        CONTINUE;
      END IF;
    END IF;
    count := count + cardinality(v_claim.seqs) + cardinality(v_claim.parked);
    lease_end := least(lease_end, v_claim.lease_until);
    parked := parked || v_claim.parked;
    IF v_claim.node_id <> p_node AND p_ordering = 'key' THEN
      foreign_keys := foreign_keys || v_claim.keys || v_claim.parked_keys;
    END IF;
  END LOOP;
END $function$;
