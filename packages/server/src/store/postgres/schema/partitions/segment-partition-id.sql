-- The partition that holds this position of a topic's log.
CREATE FUNCTION ringback.segment_partition_id(p_topic bigint, p_seq bigint) RETURNS integer LANGUAGE sql STABLE
  RETURN (SELECT s.partition_id FROM ringback.segment s WHERE s.topic_id = p_topic AND s.first_seq <= p_seq
    ORDER BY s.first_seq DESC LIMIT 1);
