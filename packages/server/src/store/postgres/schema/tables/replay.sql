-- Replays; see store/replays.ts.
-- plan: ReplayPlan and ReplayCount, as JSON.
-- is_open: false when the replay has ended and none of its copies is parked.
-- position: the last examined position of the log, or the id of the last examined dead letter. through: the last
-- position, or the last id, that the replay examines.
-- parked: the number of copies that were parked.
-- next_at: steady time at which the next copy is due by per_second.
-- lease_node: the node that runs the replay. lease_until: the end of its lease in steady time.
CREATE TABLE ringback.replay (
  id bigint PRIMARY KEY,
  account_id bigint NOT NULL,
  plan text NOT NULL,
  target_id bigint NOT NULL,
  per_second bigint,
  state text NOT NULL,
  reason text,
  paused boolean NOT NULL DEFAULT false,
  is_open boolean NOT NULL DEFAULT true,
  position bigint NOT NULL,
  through bigint NOT NULL,
  examined bigint NOT NULL DEFAULT 0,
  parked bigint NOT NULL DEFAULT 0,
  skipped bigint NOT NULL DEFAULT 0,
  expired bigint NOT NULL DEFAULT 0,
  next_at double precision NOT NULL DEFAULT 0,
  created_at bigint NOT NULL,
  ended_at bigint,
  lease_node bigint,
  lease_until bigint NOT NULL DEFAULT 0
);
CREATE INDEX replay_of_account ON ringback.replay (account_id, id);
CREATE INDEX replay_open ON ringback.replay (id) WHERE is_open;
CREATE INDEX replay_age ON ringback.replay (ended_at) WHERE NOT is_open;
