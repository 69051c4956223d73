-- Whether the delivery of a message was given up, by the rules of deliveryState in store/delivery-state.ts.
CREATE FUNCTION ringback.has_failed(p_cursor ringback.subscription_cursor, p_seq bigint) RETURNS boolean
LANGUAGE plpgsql AS $function$
BEGIN
  IF p_seq > p_cursor.scanned_through OR p_seq = ANY (p_cursor.returned_seqs)
    OR EXISTS (SELECT 1 FROM ringback.parked p
      WHERE p.subscription_id = p_cursor.subscription_id AND p.seq = p_seq)
    OR EXISTS (SELECT 1 FROM ringback.claim c
      WHERE c.subscription_id = p_cursor.subscription_id AND p_seq = ANY (c.seqs))
  THEN RETURN false; END IF;
  RETURN ringback.listed_letter(p_cursor.subscription_id, p_seq) IS NOT NULL OR coalesce(
    -- The index of the message finds its few attempts; an index of the subscription could find millions.
    (SELECT x.verdict <> 0 FROM (SELECT a.id, a.verdict FROM ringback.attempt a
      WHERE a.topic_id = p_cursor.topic_id AND a.seq = p_seq AND a.subscription_id + 0 = p_cursor.subscription_id
      OFFSET 0) x ORDER BY x.id DESC LIMIT 1), false);
END $function$;
