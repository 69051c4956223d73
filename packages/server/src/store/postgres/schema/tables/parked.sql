-- Deliveries that wait: for a retry after a failed attempt, for the end of a delay, or (due_at null) for an earlier
-- delivery of their ordering key.
-- ordering_key: set only where the row blocks later deliveries of that key. In a strictly ordered subscription, all
-- deliveries have the key ''.
-- replay_id: set only for copies that a replay sends: the id of the replay.
-- apart: true for copies that neither hold back other deliveries nor wait for them.
CREATE TABLE ringback.parked (
  subscription_id bigint NOT NULL,
  seq bigint NOT NULL,
  due_at bigint,
  attempts bigint NOT NULL,
  retries bigint NOT NULL,
  first_attempt_at bigint,
  ordering_key text,
  dead_letter_id bigint,
  replay_id bigint,
  apart boolean NOT NULL DEFAULT false,
  PRIMARY KEY (subscription_id, seq)
);
CREATE INDEX parked_due ON ringback.parked (subscription_id, due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX parked_apart ON ringback.parked (subscription_id, due_at, seq) WHERE apart;
CREATE INDEX parked_replay ON ringback.parked (replay_id) WHERE replay_id IS NOT NULL;
CREATE INDEX parked_key ON ringback.parked (subscription_id, ordering_key, seq) WHERE ordering_key IS NOT NULL;
-- Index for the delayed messages that the API reports for a queue: deliveries never attempted and not due yet. There
-- are few of them.
CREATE INDEX parked_delayed ON ringback.parked (subscription_id, due_at)
  WHERE first_attempt_at IS NULL AND due_at IS NOT NULL;

-- Settled deliveries leave dead rows at the start of the indexes that claims read. By default, vacuum starts only when
-- a fifth of the rows are dead, which is too late for a large table.
ALTER TABLE ringback.parked SET (autovacuum_vacuum_scale_factor = 0.02);
