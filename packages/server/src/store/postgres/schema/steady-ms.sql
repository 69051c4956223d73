-- One moment on both time scales (docs/adr/0020-two-time-scales.md). Every heartbeat of a node writes it.
CREATE TABLE ringback.clock (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  steady_at bigint NOT NULL,
  wall_at bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO ringback.clock (steady_at, wall_at) VALUES (ringback.now_ms(), ringback.now_ms());

-- Steady time, which all nodes share: for leases, heartbeats and everything that becomes due. The database has no clock
-- that nobody can set. So steady time goes on from the last heartbeat by the database's clock, but by no more than ten
-- seconds. The nodes measure the time between their heartbeats, and correct the difference.
CREATE FUNCTION ringback.steady_ms() RETURNS bigint LANGUAGE sql VOLATILE
  RETURN (SELECT c.steady_at + greatest(0, least(ringback.now_ms() - c.wall_at, 10000)) FROM ringback.clock c);

-- Writes the present moment and returns it. p_last: the steady time of the last tick of the same node; p_elapsed_ms:
-- the time that has passed since, as the node measured it. Both are null for the first tick of a node: the database's
-- clock then measures the time since the last heartbeat, unless another node is alive.
-- last_wall: the time of the last tick of any node. jumped_ms: by how much the database's clock was set since then.
CREATE FUNCTION ringback.tick(
  p_last bigint, p_elapsed_ms bigint, OUT steady bigint, OUT wall bigint, OUT last_wall bigint, OUT jumped_ms bigint
) LANGUAGE plpgsql AS $function$
DECLARE
  v_clock ringback.clock%ROWTYPE;
BEGIN
  SELECT * INTO v_clock FROM ringback.clock FOR UPDATE;
  last_wall := v_clock.wall_at;
  wall := ringback.now_ms();
  steady := v_clock.steady_at + greatest(0, least(wall - v_clock.wall_at, 10000));
  IF p_last IS NOT NULL THEN
    steady := greatest(steady, p_last + p_elapsed_ms);
  ELSIF NOT EXISTS (SELECT 1 FROM ringback.node n WHERE n.alive_until > steady) THEN
    steady := v_clock.steady_at + greatest(0, wall - v_clock.wall_at);
  END IF;
  jumped_ms := (wall - v_clock.wall_at) - (steady - v_clock.steady_at);
  UPDATE ringback.clock SET steady_at = steady, wall_at = wall;
END $function$;
