-- Turns a delivery that was given up into a dead letter. p_dead_letter: the dead letter that a redriven delivery
-- already has; null for any other delivery.
CREATE FUNCTION ringback.write_dead_letter(
  p_dead_letter bigint, p_subscription bigint, p_topic bigint, p_seq bigint, p_reason text, p_attempts bigint,
  p_died_at bigint, p_status bigint, p_error_code text, p_error_detail text, p_reply bytea
) RETURNS void LANGUAGE plpgsql AS $function$
BEGIN
  IF p_dead_letter IS NOT NULL THEN
    UPDATE ringback.dead_letter d SET redriven_at = NULL, reason = p_reason, attempts = p_attempts, died_at = p_died_at,
      last_status = p_status, last_error_code = p_error_code, last_error_detail = p_error_detail, last_reply = p_reply
      WHERE d.id = p_dead_letter;
    RETURN;
  END IF;
  INSERT INTO ringback.dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
    last_error_code, last_error_detail, last_reply, published_at, deliver_at, content_type, tags, type, ordering_key,
    attributes, request, body)
  SELECT t.account_id, p_subscription, m.topic_id, m.seq, p_reason, p_attempts, p_died_at, p_status, p_error_code,
    p_error_detail, p_reply, m.published_at, m.deliver_at, m.content_type, m.tags, m.type, m.ordering_key, m.attributes,
    m.request, m.body
  FROM ringback.message_at(p_topic, p_seq) m, LATERAL (
    SELECT t.account_id FROM ringback.topic t WHERE t.id = m.topic_id LIMIT 1) t;
END $function$;
