-- Creates a partition of message unless it exists, and keeps it from being dropped until the caller's transaction ends.
CREATE FUNCTION ringback.ensure_message_partition(p_id integer) RETURNS void LANGUAGE plpgsql AS $function$
BEGIN
  -- Keeps other sessions from dropping a partition, because that needs an exclusive lock on this table.
  LOCK TABLE ONLY ringback.message IN ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT 1 FROM ringback.message_partition WHERE id = p_id) THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(ringback.partition_lock());
  -- ATTACH takes the same lock. Taking it also makes this session see the partitions that others have attached
  -- meanwhile.
  LOCK TABLE ONLY ringback.message IN SHARE UPDATE EXCLUSIVE MODE;
  IF EXISTS (SELECT 1 FROM ringback.message_partition WHERE id = p_id) THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE ringback.message_%s (LIKE ringback.message, PRIMARY KEY (topic_id, seq))', p_id);
  EXECUTE format('ALTER TABLE ringback.message ATTACH PARTITION ringback.message_%s FOR VALUES IN (%s)', p_id, p_id);
  INSERT INTO ringback.message_partition (id, ends_at) VALUES (p_id, ringback.message_partition_ends_at(p_id));
END $function$;
