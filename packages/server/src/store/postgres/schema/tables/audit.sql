-- One row per change: who changed what. The order of ids is that of time. details is JSON. Rows do not refer to their
-- account, because the record of a change can arrive when its account has just been deleted.
CREATE TABLE ringback.audit (
  account_id bigint NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  happened_at bigint NOT NULL,
  who text NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  details text NOT NULL,
  PRIMARY KEY (account_id, record_id)
);
CREATE INDEX audit_age ON ringback.audit (happened_at);
