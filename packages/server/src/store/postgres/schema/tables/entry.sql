-- Hooks, inboxes, API keys and other small records, each identified by kind and name. value is JSON.
CREATE TABLE ringback.entry (
  account_id bigint NOT NULL REFERENCES ringback.account (id),
  kind text NOT NULL,
  name text COLLATE "C" NOT NULL,
  id bigint NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  value text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  PRIMARY KEY (account_id, kind, name)
);
-- The names of a kind that begins with @ are unique over all accounts.
CREATE UNIQUE INDEX entry_with_unique_name ON ringback.entry (kind, name) WHERE kind LIKE '@%';
