/**
 * Every row belongs to an account: `topic`, `subscription` and `dead_letter` name it; a message, an attempt, a parked
 * delivery or a cursor belongs to its topic or subscription and cannot be reached past it. Nothing refers to `message` or
 * `attempt`, so that they can become partitioned tables. Rows that change often leave room in their pages (`fillfactor`) and
 * have no index over what changes, so that a change stays within its page.
 */
export const tables = `
CREATE TABLE ringback.account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  app_id bigint NOT NULL,
  created_at bigint NOT NULL
);

-- The processes that have this database open. A number is never given twice: claims are numbered within it.
-- beating_since: from when on it has said that it is there without a gap. name, version: for people.
CREATE TABLE ringback.node (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL DEFAULT '',
  version text NOT NULL DEFAULT '',
  started_at bigint NOT NULL,
  beating_since bigint NOT NULL,
  alive_until bigint NOT NULL
) WITH (fillfactor = 50);

-- 23 bits of a message id.
CREATE TABLE ringback.topic (
  id integer GENERATED ALWAYS AS IDENTITY (MAXVALUE 8388607) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES ringback.account (id),
  name text COLLATE "C" NOT NULL,
  filter_type text NOT NULL,
  retention_ms bigint NOT NULL,
  body_bytes_max bigint NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  UNIQUE (account_id, name)
);

-- What changes with every publish. Whoever appends locks the row, so that positions are dense and in the order of commits.
-- expires_at: when the oldest message has been kept long enough; null: the log is empty.
CREATE TABLE ringback.topic_log (
  topic_id integer PRIMARY KEY,
  retention_ms bigint NOT NULL,
  first_seq bigint NOT NULL DEFAULT 1,
  last_seq bigint NOT NULL DEFAULT 0,
  last_published_at bigint NOT NULL DEFAULT 0,
  expires_at bigint
) WITH (fillfactor = 40);
CREATE INDEX topic_log_expires ON ringback.topic_log (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE ringback.message (
  topic_id integer NOT NULL,
  seq bigint NOT NULL,
  published_at bigint NOT NULL,
  deliver_at bigint,
  content_type text,
  tags text[],
  routing_key text,
  ordering_key text,
  attributes text,
  body bytea NOT NULL,
  PRIMARY KEY (topic_id, seq)
);

CREATE TABLE ringback.subscription (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES ringback.account (id),
  topic_id integer NOT NULL,
  name text COLLATE "C" NOT NULL,
  state text NOT NULL,
  settings text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  UNIQUE (topic_id, name)
);

-- What a claim needs to know of a subscription, its settings with it, and how far claims have come.
-- tags, routes: the filter; null: everything. routes are regular expressions over '.word.word'.
CREATE TABLE ringback.subscription_cursor (
  subscription_id bigint PRIMARY KEY,
  topic_id integer NOT NULL,
  active boolean NOT NULL,
  ordering text NOT NULL,
  in_flight_max integer NOT NULL,
  tags text[],
  routes text[],
  scanned_through bigint NOT NULL,
  pool bigint[] NOT NULL DEFAULT '{}',
  expired bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 40);
CREATE INDEX subscription_cursor_topic ON ringback.subscription_cursor (topic_id);

-- What is still open. keys and parked_keys stand beside seqs and parked.
CREATE TABLE ringback.claim (
  id bigint PRIMARY KEY,
  node_id bigint NOT NULL,
  subscription_id bigint NOT NULL,
  lease_until bigint NOT NULL,
  seqs bigint[] NOT NULL,
  keys text[],
  parked bigint[] NOT NULL,
  parked_keys text[]
) WITH (fillfactor = 50);
CREATE INDEX claim_subscription ON ringback.claim (subscription_id);

-- Deliveries that wait: after a failure, for a delay, or (due_at null) behind an earlier one of their ordering key.
-- ordering_key is set only where the row holds its successors back; '' is the one key of a strict subscription.
CREATE TABLE ringback.parked (
  subscription_id bigint NOT NULL,
  seq bigint NOT NULL,
  due_at bigint,
  attempts bigint NOT NULL,
  retries bigint NOT NULL,
  first_attempt_at bigint,
  ordering_key text,
  dead_letter_id bigint,
  PRIMARY KEY (subscription_id, seq)
);
CREATE INDEX parked_due ON ringback.parked (subscription_id, due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX parked_key ON ringback.parked (subscription_id, ordering_key, seq) WHERE ordering_key IS NOT NULL;

CREATE TABLE ringback.dead_letter (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  subscription_id bigint NOT NULL,
  topic_id integer NOT NULL,
  seq bigint NOT NULL,
  reason text NOT NULL,
  attempts bigint NOT NULL,
  died_at bigint NOT NULL,
  redriven_at bigint,
  last_status bigint,
  last_error_code text,
  last_reply bytea,
  published_at bigint NOT NULL,
  deliver_at bigint,
  content_type text,
  tags text[],
  routing_key text,
  ordering_key text,
  attributes text,
  body bytea NOT NULL
);
CREATE INDEX dead_letter_listed ON ringback.dead_letter (subscription_id, id) WHERE redriven_at IS NULL;
CREATE INDEX dead_letter_delivery ON ringback.dead_letter (subscription_id, seq);
CREATE INDEX dead_letter_age ON ringback.dead_letter (died_at) WHERE redriven_at IS NULL;

-- One line per POST.
CREATE TABLE ringback.attempt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic_id integer NOT NULL,
  seq bigint NOT NULL,
  subscription_id bigint NOT NULL,
  attempt bigint NOT NULL,
  started_at bigint NOT NULL,
  duration_ms bigint NOT NULL,
  verdict smallint NOT NULL,
  status bigint,
  error_code text,
  reply bytea
);
CREATE INDEX attempt_message ON ringback.attempt (topic_id, seq);
CREATE INDEX attempt_subscription ON ringback.attempt (subscription_id, id);
CREATE INDEX attempt_failed ON ringback.attempt (subscription_id, id) WHERE verdict <> 0;

CREATE TABLE ringback.idempotency (
  topic_id integer NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  first_seq bigint NOT NULL,
  published_at bigint NOT NULL,
  PRIMARY KEY (topic_id, key)
);
CREATE INDEX idempotency_age ON ringback.idempotency (published_at);

-- Topics and subscriptions that are gone; retention removes their rows in small steps.
CREATE TABLE ringback.removed (
  kind text NOT NULL,
  id bigint NOT NULL,
  PRIMARY KEY (kind, id)
);

CREATE TABLE ringback.entry (
  account_id bigint NOT NULL REFERENCES ringback.account (id),
  kind text NOT NULL,
  name text COLLATE "C" NOT NULL,
  value text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (account_id, kind, name)
);

CREATE FUNCTION ringback.now_ms() RETURNS bigint LANGUAGE sql VOLATILE
  RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
`;
