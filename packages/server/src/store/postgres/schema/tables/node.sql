-- The processes that have this database open. An id is never used twice, because ids of claims are derived from it. A
-- node that has used up its ids of claims takes one more id from the sequence.
-- beating_since: since when the node has sent its heartbeats without a gap. name and version are shown to people only.
-- process: identifies the process to others on its machine, so that they can tell whether it has ended; null where
-- nothing tells.
CREATE TABLE ringback.node (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL DEFAULT '',
  version text NOT NULL DEFAULT '',
  process text,
  started_at bigint NOT NULL,
  beating_since bigint NOT NULL,
  alive_until bigint NOT NULL
) WITH (fillfactor = 50);
