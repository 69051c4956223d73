CREATE TABLE ringback.subscription (
  id bigint PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES ringback.account (id),
  topic_id bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  state text NOT NULL,
  disabled text,
  health text,
  settings text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  UNIQUE (topic_id, name)
);
-- For the number of an account's subscriptions.
CREATE INDEX subscription_of_account ON ringback.subscription (account_id);

-- For lists and counts of subscriptions that are not healthy. The health of all others is null.
CREATE INDEX subscription_unhealthy ON ringback.subscription (account_id, topic_id, name) WHERE health IS NOT NULL;
-- For lists and counts of paused and disabled subscriptions.
CREATE INDEX subscription_stopped ON ringback.subscription (account_id, state) WHERE state <> 'active';

-- Columns that a claim reads of a subscription: the position that claims have reached, and the settings that claims
-- use.
-- tags, routes: the filter; null accepts every message. routes are regular expressions for
-- a message's type, which is written as '.word.word'.
-- scanned_through: every position up to this one has been examined by a claim.
-- returned_seqs: positions that were claimed and came back unsettled; the next claims take them first.
-- parked_count: how many deliveries were parked at parked_counted_at; kept up to date only where there are many.
CREATE TABLE ringback.subscription_cursor (
  subscription_id bigint PRIMARY KEY,
  topic_id bigint NOT NULL,
  active boolean NOT NULL,
  ordering text NOT NULL,
  in_flight_max integer NOT NULL,
  tags text[],
  routes text[],
  scanned_through bigint NOT NULL,
  returned_seqs bigint[] NOT NULL DEFAULT '{}',
  expired bigint NOT NULL DEFAULT 0,
  parked_count bigint NOT NULL DEFAULT 0,
  parked_counted_at bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 40);
CREATE INDEX subscription_cursor_topic ON ringback.subscription_cursor (topic_id);
