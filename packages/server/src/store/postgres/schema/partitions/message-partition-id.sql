-- Messages are partitioned by retention class and time, so that a topic kept for a month does not hold the disk space
-- of a topic kept for an hour. The classes end at an hour, a day, a week, five weeks and a year. A partition covers an
-- eighth of the longest retention of its class. Its id is the class and the number of the time span.
CREATE FUNCTION ringback.message_partition_span_ms(p_class integer) RETURNS bigint LANGUAGE sql IMMUTABLE
  RETURN (ARRAY[450000, 10800000, 75600000, 378000000, 3942000000]::bigint[])[p_class];

-- The partition of a message with this retention that is published at this time.
CREATE FUNCTION ringback.message_partition_id(p_retention_ms bigint, p_published_at bigint) RETURNS integer
LANGUAGE plpgsql IMMUTABLE AS $function$
DECLARE
  v_class integer := CASE WHEN p_retention_ms <= 3600000 THEN 1 WHEN p_retention_ms <= 86400000 THEN 2
    WHEN p_retention_ms <= 604800000 THEN 3 WHEN p_retention_ms <= 3024000000 THEN 4 ELSE 5 END;
BEGIN
  RETURN v_class * 100000000 + p_published_at / ringback.message_partition_span_ms(v_class);
END $function$;

CREATE FUNCTION ringback.message_partition_ends_at(p_id integer) RETURNS bigint LANGUAGE sql IMMUTABLE
  RETURN (p_id % 100000000 + 1) * ringback.message_partition_span_ms(p_id / 100000000);
