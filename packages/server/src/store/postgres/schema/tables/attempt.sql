-- One row per attempt, in partitions by the time when the attempt started. Each partition has the primary key (id) and
-- the indexes that ringback.ensure_attempt_partitions creates. The ids come from a sequence, because partitioned tables
-- cannot have identity columns before PostgreSQL 17.
CREATE SEQUENCE ringback.attempt_id_seq;
CREATE TABLE ringback.attempt (
  id bigint NOT NULL DEFAULT nextval('ringback.attempt_id_seq'),
  topic_id bigint NOT NULL,
  seq bigint NOT NULL,
  subscription_id bigint NOT NULL,
  attempt bigint NOT NULL,
  started_at bigint NOT NULL,
  duration_ms bigint NOT NULL,
  verdict smallint NOT NULL,
  status bigint,
  error_code text,
  error_detail text,
  reply bytea
) PARTITION BY RANGE (started_at);
ALTER SEQUENCE ringback.attempt_id_seq OWNED BY ringback.attempt.id;

-- The partitions of attempt. A partition takes the attempts with from_at <= started_at < to_at.
CREATE TABLE ringback.attempt_partition (
  from_at bigint PRIMARY KEY,
  to_at bigint NOT NULL,
  name text NOT NULL
);

-- The length of the time span of the next partition of attempt. A node calculates it from its retention setting.
CREATE TABLE ringback.attempt_partition_span (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  span_ms bigint NOT NULL
);
INSERT INTO ringback.attempt_partition_span (span_ms) VALUES (75600000);
