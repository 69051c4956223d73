-- A partition of attempt covers an eighth of the time that attempts are kept, in whole hours.
CREATE FUNCTION ringback.set_attempt_partition_span(p_retention_ms bigint) RETURNS void LANGUAGE sql AS $function$
  UPDATE ringback.attempt_partition_span SET span_ms = x.span_ms
    FROM (SELECT greatest(1, (p_retention_ms + 28799999) / 28800000) * 3600000 AS span_ms) x
    WHERE attempt_partition_span.span_ms <> x.span_ms
$function$;
