-- Removes deliveries from their claims. A claim without deliveries is deleted. Returns the settlements whose delivery
-- was in the claim: their ordinals (null when there are none), the topic of each, and whether its delivery had been
-- claimed from ringback.parked.
CREATE FUNCTION ringback.remove_from_claims(
  p_node bigint, p_claims bigint[], p_subscriptions bigint[], p_topics bigint[], p_seqs bigint[],
  OUT ordinals integer[], OUT topics bigint[], OUT from_parked boolean[]
) LANGUAGE plpgsql AS $function$
BEGIN
  WITH locked AS MATERIALIZED (
    SELECT c.id, c.subscription_id, c.seqs, c.parked FROM ringback.claim c
      WHERE c.id = ANY (p_claims) AND c.node_id = p_node ORDER BY c.id FOR UPDATE
  ), claimed AS MATERIALIZED (
    SELECT s.ordinal::integer AS ordinal, s.claim_id, s.seq, s.seq = ANY (l.parked) AS from_parked
    FROM unnest(p_claims, p_subscriptions, p_seqs) WITH ORDINALITY AS s (claim_id, subscription_id, seq, ordinal)
    JOIN locked l ON l.id = s.claim_id AND l.subscription_id = s.subscription_id
    WHERE s.seq = ANY (l.seqs) OR s.seq = ANY (l.parked)
  ), leaving AS MATERIALIZED (
    SELECT d.claim_id, array_agg(d.seq) AS seqs FROM claimed d GROUP BY d.claim_id
  ), ended AS (
    DELETE FROM ringback.claim c USING leaving g
      WHERE c.id = ANY (p_claims) AND c.id = g.claim_id
        AND cardinality(c.seqs) + cardinality(c.parked) = cardinality(g.seqs)
  ), continued AS (
    UPDATE ringback.claim c SET
      (seqs, keys) = (SELECT coalesce(array_agg(x.seq ORDER BY x.index), '{}'), array_agg(x.key ORDER BY x.index)
        FROM unnest(c.seqs, c.keys) WITH ORDINALITY AS x (seq, key, index) WHERE x.seq <> ALL (g.seqs)),
      (parked, parked_keys) = (
        SELECT coalesce(array_agg(x.seq ORDER BY x.index), '{}'), array_agg(x.key ORDER BY x.index)
        FROM unnest(c.parked, c.parked_keys) WITH ORDINALITY AS x (seq, key, index) WHERE x.seq <> ALL (g.seqs))
    FROM leaving g
    WHERE c.id = ANY (p_claims) AND c.id = g.claim_id
      AND cardinality(c.seqs) + cardinality(c.parked) > cardinality(g.seqs)
  )
  SELECT array_agg(d.ordinal), array_agg(p_topics[d.ordinal]), array_agg(d.from_parked)
    INTO ordinals, topics, from_parked FROM claimed d;
END $function$;
