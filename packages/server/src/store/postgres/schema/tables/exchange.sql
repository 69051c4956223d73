-- Requests and replies of attempts. head is JSON: everything but the bodies. bytes is the size of head and bodies. Rows
-- of deleted topics and subscriptions are removed when they expire.
CREATE TABLE ringback.exchange (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  subscription_id bigint NOT NULL,
  seq bigint NOT NULL,
  attempt bigint NOT NULL,
  started_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  bytes bigint NOT NULL,
  head text NOT NULL,
  request_body bytea NOT NULL,
  reply_body bytea,
  UNIQUE (subscription_id, seq, started_at, attempt)
);
CREATE INDEX exchange_expiry ON ringback.exchange (expires_at);
CREATE INDEX exchange_age ON ringback.exchange (started_at, id, bytes);
CREATE INDEX exchange_account ON ringback.exchange (account_id);
