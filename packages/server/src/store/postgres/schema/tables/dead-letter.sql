CREATE TABLE ringback.dead_letter (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  subscription_id bigint NOT NULL,
  topic_id bigint NOT NULL,
  seq bigint NOT NULL,
  reason text NOT NULL,
  attempts bigint NOT NULL,
  died_at bigint NOT NULL,
  redriven_at bigint,
  last_status bigint,
  last_error_code text,
  last_error_detail text,
  last_reply bytea,
  published_at bigint NOT NULL,
  deliver_at bigint,
  content_type text,
  tags text[],
  type text,
  ordering_key text,
  attributes text,
  request text,
  body bytea NOT NULL
);
CREATE INDEX dead_letter_listed ON ringback.dead_letter (subscription_id, id) WHERE redriven_at IS NULL;
CREATE INDEX dead_letter_delivery ON ringback.dead_letter (subscription_id, seq);
CREATE INDEX dead_letter_age ON ringback.dead_letter (died_at) WHERE redriven_at IS NULL;
-- For lists, newest first: of a subscription, of a topic, of an account.
CREATE INDEX dead_letter_newest ON ringback.dead_letter (subscription_id, died_at, id) WHERE redriven_at IS NULL;
CREATE INDEX dead_letter_topic ON ringback.dead_letter (topic_id, died_at, id) WHERE redriven_at IS NULL;
CREATE INDEX dead_letter_account ON ringback.dead_letter (account_id, died_at, id) WHERE redriven_at IS NULL;
