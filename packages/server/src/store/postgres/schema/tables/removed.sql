-- Deleted topics and subscriptions whose other rows still exist. Retention deletes those rows in small steps.
-- last_seq: the last position of a topic's log. null: a subscription, or a topic whose number is not used again.
CREATE TABLE ringback.removed (
  kind text NOT NULL,
  id bigint NOT NULL,
  last_seq bigint,
  PRIMARY KEY (kind, id)
);
