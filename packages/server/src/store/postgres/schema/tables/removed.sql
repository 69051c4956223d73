-- Deleted topics and subscriptions whose other rows still exist. Retention deletes those rows in small steps.
CREATE TABLE ringback.removed (
  kind text NOT NULL,
  id bigint NOT NULL,
  PRIMARY KEY (kind, id)
);
