-- When POSTs of a subscription with a rate may start: see docs/adr/0030-a-rate-is-a-schedule-of-starts.md. The first
-- reservation of a subscription inserts its row.
-- rested_at: steady time at which a whole burst is possible again, with fractions of a millisecond.
-- The table is unlogged: it is written many times a second, and if a crash of the database empties it, one burst comes
-- early.
CREATE UNLOGGED TABLE ringback.start_schedule (
  subscription_id bigint PRIMARY KEY,
  interval_ms double precision NOT NULL,
  burst integer NOT NULL,
  rested_at double precision NOT NULL
) WITH (fillfactor = 40);
