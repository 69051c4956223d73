-- The claimed messages of one partition. The planner inlines this function into its caller.
CREATE FUNCTION ringback.read_from_log(p_topic bigint, p_partition integer, p_seqs bigint[], p_partitions integer[])
RETURNS TABLE (
  seq bigint, attempts bigint, retries bigint, first_attempt_at bigint, apart boolean, topic_id bigint,
  published_at bigint, deliver_at bigint, content_type text, tags text[], type text, ordering_key text, attributes text,
  request text, body bytea
) LANGUAGE sql STABLE AS $function$
  SELECT m.seq, 0::bigint, 0::bigint, NULL::bigint, false, m.topic_id, m.published_at, m.deliver_at, m.content_type,
    m.tags, m.type, m.ordering_key, m.attributes, m.request, m.body
  FROM unnest(p_seqs, p_partitions) AS s (seq, partition_id), LATERAL (SELECT * FROM ringback.message m
    WHERE m.partition_id = p_partition AND m.topic_id = p_topic AND m.seq = s.seq LIMIT 1) m
  WHERE s.partition_id = p_partition
$function$;
