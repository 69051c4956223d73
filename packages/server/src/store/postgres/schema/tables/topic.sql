-- No id is used twice. Its low 23 bits are the topic's number; see domain/topic-number.ts. version: counts the changes
-- of the row. settings: JSON.
CREATE TABLE ringback.topic (
  id bigint PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES ringback.account (id),
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  -- JSON.
  settings text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  UNIQUE (account_id, name)
);
-- Index for lookups that ignore case. In collation "C", lower() changes only the letters A to Z.
CREATE INDEX topic_any_case ON ringback.topic (account_id, lower(name));

CREATE UNIQUE INDEX topic_with_number ON ringback.topic ((id & 8388607));

-- How many numbers topics have had, and the secret that determines the order in which they are given to topics.
CREATE TABLE ringback.topic_number (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  last integer NOT NULL,
  key bytea NOT NULL DEFAULT uuid_send(gen_random_uuid())
);
INSERT INTO ringback.topic_number (last) VALUES (0);

-- Numbers that new topics can have again, in the order in which they were released: the last topic that had the number,
-- and the last position of its log.
CREATE TABLE ringback.released_number (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic_id bigint NOT NULL,
  last_seq bigint NOT NULL
);

-- The part of a topic that changes with every publish. An append locks the row, so that positions have no gaps and are
-- in the order of commits.
-- expires_at: when the oldest message has reached its retention; null while the log is empty.
-- partition_id, segment_first_seq: the last segment of the log, in which the next messages are written; null while the
-- log is empty.
-- Rows that change often leave room in their pages (fillfactor) and have no index over what changes, so that an update
-- stays within its page.
CREATE TABLE ringback.topic_log (
  topic_id bigint PRIMARY KEY,
  retention_ms bigint NOT NULL,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  last_published_at bigint NOT NULL DEFAULT 0,
  expires_at bigint,
  partition_id integer,
  segment_first_seq bigint
) WITH (fillfactor = 40);
CREATE INDEX topic_log_expires ON ringback.topic_log (expires_at) WHERE expires_at IS NOT NULL;
