-- Counts of events per minute and per hour, one row per process. 0 stands for none in topic_id and subscription_id.
-- counts is JSON. Rows of deleted topics and subscriptions are removed when they are old.
CREATE TABLE ringback.tally (
  account_id bigint NOT NULL,
  topic_id bigint NOT NULL,
  subscription_id bigint NOT NULL,
  step_ms bigint NOT NULL,
  happened_at bigint NOT NULL,
  writer text NOT NULL,
  counts text NOT NULL,
  PRIMARY KEY (account_id, topic_id, subscription_id, step_ms, happened_at, writer)
);
CREATE INDEX tally_age ON ringback.tally (step_ms, happened_at);
