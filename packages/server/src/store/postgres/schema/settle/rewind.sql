-- Moves a subscription back, as if no claim had ever examined the positions from p_from on. The caller has locked the
-- cursor. Parked deliveries and claimed positions from p_from on are deleted; earlier positions stay in their claims.
CREATE FUNCTION ringback.rewind(p_subscription bigint, p_from bigint) RETURNS void
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
BEGIN
  PERFORM 1 FROM ringback.claim l WHERE l.subscription_id = p_subscription ORDER BY l.id FOR UPDATE;
  UPDATE ringback.claim l SET
    (seqs, keys) = (SELECT coalesce(array_agg(x.seq ORDER BY x.index), '{}'), array_agg(x.key ORDER BY x.index)
      FROM unnest(l.seqs, l.keys) WITH ORDINALITY AS x (seq, key, index) WHERE x.seq < p_from),
    (parked, parked_keys) = (
      SELECT coalesce(array_agg(x.seq ORDER BY x.index), '{}'), array_agg(x.key ORDER BY x.index)
      FROM unnest(l.parked, l.parked_keys) WITH ORDINALITY AS x (seq, key, index) WHERE x.seq < p_from)
    WHERE l.subscription_id = p_subscription;
  DELETE FROM ringback.claim l
    WHERE l.subscription_id = p_subscription AND cardinality(l.seqs) + cardinality(l.parked) = 0;
  WITH gone AS (
    DELETE FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq >= p_from
      RETURNING p.dead_letter_id
  )
  DELETE FROM ringback.dead_letter d
    WHERE d.id = ANY (ARRAY (SELECT g.dead_letter_id FROM gone g WHERE g.dead_letter_id IS NOT NULL));
  UPDATE ringback.subscription_cursor c SET scanned_through = least(c.scanned_through, p_from - 1),
    returned_seqs = ARRAY (SELECT s FROM unnest(c.returned_seqs) AS s WHERE s < p_from)
    WHERE c.subscription_id = p_subscription;
END $function$;
