-- The largest numbers of deliveries that a claim may take. While the log has messages, copies that are apart from the
-- order get one of eight deliveries. The id of the claim decides whether a fraction is rounded up. A strictly ordered
-- subscription has one open delivery, and one open copy beside it.
--
-- p_wanted: the largest number of deliveries that the caller takes. p_open: the number of deliveries in open claims.
-- p_claimed: the positions of parked deliveries in open claims.
--
-- room: the largest number of deliveries in all. ordered: the largest number that take part in the order. apart: the
-- largest number of copies that are apart from the order. open: the number of deliveries in open claims that take part
-- in the order.
CREATE FUNCTION ringback.claim_room(
  p_cursor ringback.subscription_cursor, p_claim bigint, p_wanted integer, p_open integer, p_claimed bigint[],
  p_parked_count bigint, p_from_log boolean, OUT room integer, OUT ordered integer, OUT apart integer, OUT open integer
) LANGUAGE plpgsql AS $function$
DECLARE
  v_is_strict boolean := p_cursor.ordering = 'strict';
  v_has_apart boolean := p_parked_count > 0 AND EXISTS (
    SELECT 1 FROM ringback.parked p WHERE p.subscription_id = p_cursor.subscription_id AND p.apart);
BEGIN
  open := p_open;
  IF v_is_strict AND v_has_apart THEN
    open := p_open - (SELECT count(*) FROM ringback.parked p
      WHERE p.subscription_id = p_cursor.subscription_id AND p.seq = ANY (p_claimed) AND p.apart);
  END IF;
  ordered := CASE WHEN NOT v_is_strict THEN p_wanted WHEN open > 0 THEN 0 ELSE 1 END;
  room := ordered;
  apart := 0;
  IF NOT v_has_apart THEN RETURN; END IF;
  IF v_is_strict THEN
    apart := CASE WHEN p_open > open THEN 0 ELSE 1 END;
    room := ordered + apart;
  ELSIF p_from_log AND EXISTS (SELECT 1 FROM ringback.topic_log l
      WHERE l.topic_id = p_cursor.topic_id AND l.last_seq > p_cursor.scanned_through) THEN
    apart := (p_wanted + (hashint8(p_claim) & 7)) / 8;
  ELSE
    apart := p_wanted;
  END IF;
END $function$;
