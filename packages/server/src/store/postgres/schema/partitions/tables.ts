import { RETENTION_LOCK } from "../locks.ts";

/**
 * Messages and attempts become partitioned, see docs/adr/0013-partitions.md. What was there becomes the first partition of each. No
 * statement of the functions may stand between the old tables and the new, so all that they use is locked, in the order in which claims and settlements do.
 */
export const partitionedTables = `
SELECT pg_advisory_xact_lock(${RETENTION_LOCK});
LOCK TABLE ringback.subscription_cursor, ringback.topic_log, ringback.attempt, ringback.message, ringback.removed
  IN ACCESS EXCLUSIVE MODE;

-- Where the log of a topic goes on at the moment: its last segment. Null: the log is empty.
ALTER TABLE ringback.topic_log ADD COLUMN slot integer, ADD COLUMN slot_from bigint;

-- How many deliveries were parked when they were last counted, if they are many.
ALTER TABLE ringback.subscription_cursor ADD COLUMN parked_count bigint NOT NULL DEFAULT 0,
  ADD COLUMN parked_counted_at bigint NOT NULL DEFAULT 0;

-- From first_seq on, and up to the next segment of the topic, messages are in this slot.
CREATE TABLE ringback.segment (
  topic_id integer NOT NULL,
  first_seq bigint NOT NULL,
  slot integer NOT NULL,
  PRIMARY KEY (topic_id, first_seq)
);
CREATE INDEX segment_slot ON ringback.segment (slot);

-- The partitions of message. From ends_at on nothing new comes into one.
CREATE TABLE ringback.message_slot (
  slot integer PRIMARY KEY,
  ends_at bigint NOT NULL
);

-- The partitions of attempt, by the time of their start.
CREATE TABLE ringback.attempt_range (
  from_at bigint PRIMARY KEY,
  to_at bigint NOT NULL,
  name text NOT NULL
);

-- How long the next partition of attempt is to be: it goes by a node's setting.
CREATE TABLE ringback.attempt_span (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  span_ms bigint NOT NULL
);
INSERT INTO ringback.attempt_span (span_ms) VALUES (75600000);

-- A node of the version before would remove what is left of a topic by the places of its rows, which mean nothing
-- across partitions: it does not get to see them.
CREATE TABLE ringback.removed_topic (id integer PRIMARY KEY);
INSERT INTO ringback.removed_topic (id) SELECT id FROM ringback.removed WHERE kind = 'topic';
DELETE FROM ringback.removed WHERE kind = 'topic';
CREATE FUNCTION ringback.remove_topic_2() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
  INSERT INTO ringback.removed_topic (id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
  RETURN NULL;
END $function$;
CREATE TRIGGER removed_topic BEFORE INSERT ON ringback.removed FOR EACH ROW WHEN (NEW.kind = 'topic')
  EXECUTE FUNCTION ringback.remove_topic_2();

-- A call that began in the function of the version before comes here without a slot. It is told to begin again, as after a deadlock.
CREATE FUNCTION ringback.refuse_without_slot_2() RETURNS integer LANGUAGE plpgsql AS $function$
BEGIN
  RAISE EXCEPTION 'messages are written by another version than the schema''s' USING ERRCODE = '40001';
END $function$;

ALTER TABLE ringback.message RENAME TO message_0;
ALTER INDEX ringback.message_pkey RENAME TO message_0_pkey;
CREATE TABLE ringback.message (LIKE ringback.message_0) PARTITION BY LIST (slot);
ALTER TABLE ringback.message ALTER COLUMN slot SET DEFAULT ringback.refuse_without_slot_2();

-- Identity columns of partitioned tables came with PostgreSQL 17.
ALTER TABLE ringback.attempt ALTER COLUMN id DROP IDENTITY;
ALTER TABLE ringback.attempt RENAME TO attempt_first;
CREATE SEQUENCE ringback.attempt_id_seq;
SELECT setval('ringback.attempt_id_seq', coalesce((SELECT max(id) FROM ringback.attempt_first), 0) + 1, false);
CREATE TABLE ringback.attempt (LIKE ringback.attempt_first) PARTITION BY RANGE (started_at);
ALTER TABLE ringback.attempt ALTER COLUMN id SET DEFAULT nextval('ringback.attempt_id_seq');
ALTER SEQUENCE ringback.attempt_id_seq OWNED BY ringback.attempt.id;

DO $function$
DECLARE
  v_to bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ringback.topic) AND NOT EXISTS (SELECT 1 FROM ringback.message_0)
      AND NOT EXISTS (SELECT 1 FROM ringback.attempt_first) THEN
    DROP TABLE ringback.message_0;
    DROP TABLE ringback.attempt_first;
    RETURN;
  END IF;
  ALTER TABLE ringback.message ATTACH PARTITION ringback.message_0 FOR VALUES IN (0);
  INSERT INTO ringback.message_slot (slot, ends_at) VALUES (0, 0);
  INSERT INTO ringback.segment (topic_id, first_seq, slot)
    SELECT topic_id, first_seq, 0 FROM ringback.topic_log WHERE first_seq <= last_seq;
  INSERT INTO ringback.segment (topic_id, first_seq, slot)
    SELECT id, 1, 0 FROM ringback.removed_topic ON CONFLICT DO NOTHING;
  UPDATE ringback.topic_log SET slot = 0, slot_from = first_seq WHERE first_seq <= last_seq;

  SELECT obj_description(oid, 'pg_constraint')::bigint INTO v_to FROM pg_constraint
    WHERE conrelid = 'ringback.attempt_first'::regclass AND conname = 'attempt_bounds';
  EXECUTE format('ALTER TABLE ringback.attempt ATTACH PARTITION ringback.attempt_first FOR VALUES FROM (MINVALUE) TO (%s)', v_to);
  INSERT INTO ringback.attempt_range (from_at, to_at, name) VALUES (-9223372036854775808, v_to, 'attempt_first');
END $function$;
`;
