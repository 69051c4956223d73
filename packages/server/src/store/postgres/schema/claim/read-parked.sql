-- The claimed parked deliveries with their messages. A redriven delivery has its message in its dead letter. The
-- planner inlines this function into its caller.
CREATE FUNCTION ringback.read_parked(p_subscription bigint, p_topic bigint, p_seqs bigint[])
RETURNS TABLE (
  seq bigint, attempts bigint, retries bigint, first_attempt_at bigint, apart boolean, topic_id bigint,
  published_at bigint, deliver_at bigint, content_type text, tags text[], type text, ordering_key text, attributes text,
  request text, body bytea
) LANGUAGE sql STABLE AS $function$
  SELECT p.seq, p.attempts, p.retries, p.first_attempt_at, p.apart, p_topic, x.published_at, x.deliver_at,
    x.content_type, x.tags, x.type, x.ordering_key, x.attributes, x.request, x.body
  FROM unnest(p_seqs) AS s, LATERAL (
    SELECT * FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq = s LIMIT 1) p, LATERAL (
    SELECT m.published_at, m.deliver_at, m.content_type, m.tags, m.type, m.ordering_key, m.attributes, m.request, m.body
      FROM ringback.message_at(p_topic, p.seq) m WHERE p.dead_letter_id IS NULL
    UNION ALL
    SELECT d.published_at, d.deliver_at, d.content_type, d.tags, d.type, d.ordering_key, d.attributes, d.request, d.body
      FROM ringback.dead_letter d WHERE d.id = p.dead_letter_id
    LIMIT 1) x
$function$;
