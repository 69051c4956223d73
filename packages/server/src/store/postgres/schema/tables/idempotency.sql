CREATE TABLE ringback.idempotency (
  topic_id bigint NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  first_seq bigint NOT NULL,
  published_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  PRIMARY KEY (topic_id, key)
);
CREATE INDEX idempotency_age ON ringback.idempotency (expires_at);
