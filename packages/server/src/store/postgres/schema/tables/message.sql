-- The log of every topic, in partitions by time and retention: see docs/adr/0013-partitions.md. Each partition has the
-- primary key (topic_id, seq). Positions are unique over all partitions because an append locks the row in topic_log.
CREATE TABLE ringback.message (
  topic_id bigint NOT NULL,
  seq bigint NOT NULL,
  partition_id integer NOT NULL,
  published_at bigint NOT NULL,
  deliver_at bigint,
  content_type text,
  tags text[],
  type text,
  ordering_key text,
  attributes text,
  request text,
  body bytea NOT NULL
) PARTITION BY LIST (partition_id);

-- The partitions of message. No message published at or after ends_at is written to the partition.
CREATE TABLE ringback.message_partition (
  id integer PRIMARY KEY,
  ends_at bigint NOT NULL
);

-- A segment of a log: the messages from first_seq up to the next segment of the topic are in this partition.
CREATE TABLE ringback.segment (
  topic_id bigint NOT NULL,
  first_seq bigint NOT NULL,
  partition_id integer NOT NULL,
  PRIMARY KEY (topic_id, first_seq)
);
CREATE INDEX segment_partition ON ringback.segment (partition_id);
