-- Examines up to p_max dead letters for a replay: those with ids after p_position, through p_through. An empty array of
-- reasons or statuses, and a time that is null, match any. at: the id of the dead letter.
-- The other columns are those of examine_log.
CREATE FUNCTION ringback.examine_letters(
  p_subscription bigint, p_position bigint, p_through bigint, p_max integer, p_reasons text[], p_statuses bigint[],
  p_from bigint, p_to bigint
) RETURNS TABLE (at bigint, seq bigint, matches boolean, pending boolean, letter bigint)
LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_cursor ringback.subscription_cursor%ROWTYPE;
  v_unsettled bigint[];
BEGIN
  SELECT * INTO v_cursor FROM ringback.subscription_cursor c WHERE c.subscription_id = p_subscription;
  v_unsettled := v_cursor.returned_seqs || ARRAY (
    SELECT unnest(c.seqs) FROM ringback.claim c WHERE c.subscription_id = p_subscription);
  RETURN QUERY
  SELECT d.id, d.seq,
    (p_reasons = '{}' OR d.reason = ANY (p_reasons))
      AND (p_statuses = '{}' OR coalesce(d.last_status = ANY (p_statuses), false))
      AND d.died_at >= coalesce(p_from, d.died_at) AND d.died_at <= coalesce(p_to, d.died_at),
    d.seq > v_cursor.scanned_through OR d.seq = ANY (v_unsettled)
      OR EXISTS (SELECT 1 FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq = d.seq),
    d.id
  FROM ringback.dead_letter d
  WHERE d.subscription_id = p_subscription AND d.redriven_at IS NULL AND d.id > p_position AND d.id <= p_through
  ORDER BY d.id LIMIT p_max;
END $function$;
