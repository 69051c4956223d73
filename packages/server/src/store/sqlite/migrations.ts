/**
 * Every row belongs to an account. `topic`, `subscription`, `entry` and `dead_letter` have a column for it; messages,
 * attempts, parked deliveries and cursors belong to the account of their topic or subscription.
 */
const initial = `
CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  app_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- No id is used twice. Its low 23 bits are the topic's number; see domain/topic-number.ts.
CREATE TABLE topic (
  id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (id),
  name TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  settings TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (account_id, name)
) STRICT;
CREATE UNIQUE INDEX topic_with_number ON topic (id & 8388607);

-- How many numbers topics have had, and the secret that determines the order in which they are given to topics.
CREATE TABLE topic_number (last INTEGER NOT NULL, key BLOB NOT NULL) STRICT;
INSERT INTO topic_number (last, key) VALUES (0, randomblob(16));

-- Numbers that new topics can have again, in the order in which they were released: the last topic that had the number,
-- and the last position of its log.
CREATE TABLE released_number (
  id INTEGER PRIMARY KEY,
  topic_id INTEGER NOT NULL,
  last_seq INTEGER NOT NULL
) STRICT;

-- The columns that change with every publish, apart from the settings: a few hundred topics share a page.
CREATE TABLE topic_log (
  topic_id INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  last_published_at INTEGER NOT NULL
) STRICT;

CREATE TABLE subscription (
  id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (id),
  topic_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  disabled TEXT,
  health TEXT,
  version INTEGER NOT NULL DEFAULT 1,
  settings TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (topic_id, name)
) STRICT;

-- settled_through: every message at or before it is settled. ahead: one bit for each later position that is
-- settled or not; the first bit is for settled_through + 1.
CREATE TABLE cursor (
  subscription_id INTEGER PRIMARY KEY,
  settled_through INTEGER NOT NULL,
  ahead BLOB,
  expired INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The log. id = number of the topic (23 bits) and seq (40 bits), so that the messages of a topic are adjacent and need no index.
CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  published_at INTEGER NOT NULL,
  deliver_at INTEGER,
  content_type TEXT,
  tags TEXT,
  type TEXT,
  ordering_key TEXT,
  attributes TEXT,
  request TEXT,
  body BLOB NOT NULL
) STRICT;

-- Deliveries that wait: after a failure, for a delay, or (due_at null) behind an earlier delivery of their ordering
-- key. ordering_key is set only if the delivery holds later ones of its key back; '' is the only key of a strict
-- subscription. replay_id: set only for copies that a replay sends: the id of the replay. apart: 1 for copies that
-- neither hold back other deliveries nor wait for them.
CREATE TABLE parked (
  subscription_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  due_at INTEGER,
  attempts INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  first_attempt_at INTEGER,
  ordering_key TEXT,
  dead_letter_id INTEGER,
  replay_id INTEGER,
  apart INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (subscription_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_apart ON parked (subscription_id, due_at) WHERE apart = 1;
CREATE INDEX parked_replay ON parked (replay_id) WHERE replay_id IS NOT NULL;
CREATE INDEX parked_due ON parked (subscription_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX parked_key ON parked (subscription_id, ordering_key, seq) WHERE ordering_key IS NOT NULL;
-- For counts of queues: delayed messages that were never claimed.
CREATE INDEX parked_delayed ON parked (subscription_id, due_at) WHERE first_attempt_at IS NULL AND due_at IS NOT NULL;

CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL,
  subscription_id INTEGER NOT NULL,
  topic_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  reason TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  died_at INTEGER NOT NULL,
  redriven_at INTEGER,
  last_status INTEGER,
  last_error_code TEXT,
  last_error_detail TEXT,
  last_reply BLOB,
  published_at INTEGER NOT NULL,
  deliver_at INTEGER,
  content_type TEXT,
  tags TEXT,
  type TEXT,
  ordering_key TEXT,
  attributes TEXT,
  request TEXT,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX dead_letter_listed ON dead_letter (subscription_id, id) WHERE redriven_at IS NULL;
CREATE INDEX dead_letter_delivery ON dead_letter (subscription_id, seq);
CREATE INDEX dead_letter_age ON dead_letter (died_at) WHERE redriven_at IS NULL;
-- For lists, newest first: of a subscription, of a topic, of an account.
CREATE INDEX dead_letter_newest ON dead_letter (subscription_id, died_at) WHERE redriven_at IS NULL;
CREATE INDEX dead_letter_topic ON dead_letter (topic_id, died_at) WHERE redriven_at IS NULL;
CREATE INDEX dead_letter_account ON dead_letter (account_id, died_at) WHERE redriven_at IS NULL;

-- Replays; see store/replays.ts. plan: ReplayPlan and ReplayCount, as JSON. is_open: 0 if the replay has ended and none
-- of its copies is parked. position: the last examined position of the log, or the id of the last examined dead letter.
-- through: the last position, or the last id, that the replay examines. parked: the number of copies that were parked.
-- next_at: steady time at which the next copy is due by per_second.
CREATE TABLE replay (
  id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL,
  plan TEXT NOT NULL,
  target_id INTEGER NOT NULL,
  per_second INTEGER,
  state TEXT NOT NULL,
  reason TEXT,
  paused INTEGER NOT NULL DEFAULT 0,
  is_open INTEGER NOT NULL DEFAULT 1,
  position INTEGER NOT NULL,
  through INTEGER NOT NULL,
  examined INTEGER NOT NULL DEFAULT 0,
  parked INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0,
  expired INTEGER NOT NULL DEFAULT 0,
  next_at REAL NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX replay_of_account ON replay (account_id, id);
CREATE INDEX replay_open ON replay (id) WHERE is_open = 1;
CREATE INDEX replay_age ON replay (ended_at) WHERE is_open = 0;

-- One row per attempt.
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY,
  topic_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  subscription_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  verdict INTEGER NOT NULL,
  status INTEGER,
  error_code TEXT,
  error_detail TEXT,
  reply BLOB
) STRICT;
CREATE INDEX attempt_message ON attempt (topic_id, seq);
-- For lists of failed attempts. Accepted attempts are in none of these indexes.
CREATE INDEX attempt_failed ON attempt (subscription_id, started_at) WHERE verdict <> 0;
CREATE INDEX attempt_failed_status ON attempt (subscription_id, status, started_at) WHERE verdict <> 0;
CREATE INDEX attempt_failed_error ON attempt (subscription_id, error_code, started_at) WHERE verdict <> 0;

-- Attempts by subscription, up to attempt_indexed.through; see operations/index-attempts.ts.
CREATE TABLE attempt_index (
  subscription_id INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  attempt_id INTEGER NOT NULL,
  PRIMARY KEY (subscription_id, started_at, attempt_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE attempt_indexed (through INTEGER NOT NULL) STRICT;
INSERT INTO attempt_indexed (through) VALUES (0);

CREATE TABLE idempotency (
  topic_id INTEGER NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  published_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (topic_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (expires_at);

-- Deleted topics and subscriptions, whose other rows retention removes in small steps. last_seq: the last position of a
-- topic's log; null for a subscription, and for a topic whose number is not used again.
CREATE TABLE removed (
  kind TEXT NOT NULL,
  id INTEGER NOT NULL,
  last_seq INTEGER,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- The number of times the database was opened. Claim ids contain it, so that no two processes use the same id.
CREATE TABLE start (count INTEGER NOT NULL) STRICT;
INSERT INTO start (count) VALUES (0);

-- One moment on both time scales, so that steady time continues after a restart (docs/adr/0019-two-time-scales.md). The
-- columns due_at, deliver_at, first_attempt_at and expires_at are steady time, all other times are Unix time.
CREATE TABLE clock (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  steady_at INTEGER NOT NULL,
  wall_at INTEGER NOT NULL
) STRICT;

-- Always empty. A row is written and removed to find out whether the disk accepts writes.
CREATE TABLE write_probe (body BLOB NOT NULL) STRICT;

-- JSON values by name: hooks, inboxes, keys.
CREATE TABLE entry (
  account_id INTEGER NOT NULL REFERENCES account (id),
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  id INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  value TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, kind, name)
) STRICT, WITHOUT ROWID;
-- The names of a kind that begins with @ are unique over all accounts.
CREATE UNIQUE INDEX entry_with_unique_name ON entry (kind, name) WHERE kind GLOB '@*';

-- One row per change: who changed what. The order of ids is that of time. details is JSON. Rows do not refer to their
-- account, because the record of a change can arrive when its account has just been deleted.
CREATE TABLE audit (
  account_id INTEGER NOT NULL,
  record_id TEXT NOT NULL,
  happened_at INTEGER NOT NULL,
  who TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  details TEXT NOT NULL,
  PRIMARY KEY (account_id, record_id)
) STRICT;
CREATE INDEX audit_age ON audit (happened_at);

-- Counts of events per minute and per hour, one row per process. 0 stands for none in topic_id and subscription_id.
-- counts is JSON. Rows of deleted topics and subscriptions are removed when they are old.
CREATE TABLE tally (
  account_id INTEGER NOT NULL,
  topic_id INTEGER NOT NULL,
  subscription_id INTEGER NOT NULL,
  step_ms INTEGER NOT NULL,
  happened_at INTEGER NOT NULL,
  writer TEXT NOT NULL,
  counts TEXT NOT NULL,
  PRIMARY KEY (account_id, topic_id, subscription_id, step_ms, happened_at, writer)
) STRICT;
CREATE INDEX tally_age ON tally (step_ms, happened_at);

-- Requests and replies of attempts. head is JSON: everything but the bodies. bytes is the size of head and bodies. Rows
-- of deleted topics and subscriptions are removed when they expire.
CREATE TABLE exchange (
  id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL,
  subscription_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  head TEXT NOT NULL,
  request_body BLOB NOT NULL,
  reply_body BLOB,
  UNIQUE (subscription_id, seq, started_at, attempt)
) STRICT;
CREATE INDEX exchange_expiry ON exchange (expires_at);
CREATE INDEX exchange_age ON exchange (started_at, id, bytes);
CREATE INDEX exchange_account ON exchange (account_id);

-- Has a row while a server uses the database, and after a stop that was not clean.
CREATE TABLE running (since INTEGER NOT NULL) STRICT;
`;

/**
 * `PRAGMA application_id` of every database with this schema: "Rbcv" in ASCII. Earlier, unreleased schemas have other
 * ids.
 */
export const APPLICATION_ID = 0x52626376;

/**
 * The schema as numbered steps. A released step is never changed; a later change is a new step. `PRAGMA user_version`
 * is the number of the last step that was applied.
 */
export const migrations: readonly string[] = [initial];
