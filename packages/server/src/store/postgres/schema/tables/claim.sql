-- The deliveries that a node has claimed and not settled yet. seqs are positions of the log, parked are positions that
-- were claimed from ringback.parked. keys and parked_keys hold the ordering key of each, in the same order.
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
