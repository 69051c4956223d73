import { RETENTION_LOCK } from "../locks.ts";

/**
 * So that the tables of the first step become partitions without being rewritten, their rows are first said to be within bounds:
 * every message in slot 0, every attempt before a time that is still to come. Said here, which takes a moment, and looked
 * through in a step of its own, beside whatever goes on.
 */
export const declareBounds = `
SELECT pg_advisory_xact_lock(${RETENTION_LOCK});
-- Two days in which attempts go on as before: the clocks of nodes may be wrong. Found out before anything is locked.
SELECT set_config('ringback.attempts_to',
  ((greatest(ringback.now_ms(), (SELECT max(started_at) FROM ringback.attempt)) / 3600000 + 48) * 3600000)::text, true);
-- In the order in which settlements use them, so that neither waits for the other.
LOCK TABLE ringback.attempt IN ACCESS EXCLUSIVE MODE;
LOCK TABLE ringback.message IN ACCESS EXCLUSIVE MODE;
ALTER TABLE ringback.message ADD COLUMN slot integer NOT NULL DEFAULT 0;
ALTER TABLE ringback.message ADD CONSTRAINT message_bounds CHECK (slot = 0) NOT VALID;
DO $function$
DECLARE
  v_to text := current_setting('ringback.attempts_to');
BEGIN
  EXECUTE format('ALTER TABLE ringback.attempt ADD CONSTRAINT attempt_bounds CHECK (started_at < %s) NOT VALID', v_to);
  EXECUTE format('COMMENT ON CONSTRAINT attempt_bounds ON ringback.attempt IS %L', v_to);
END $function$;
`;

/** Reads both tables once. Publishes and deliveries go on meanwhile. */
export const checkBounds = `
ALTER TABLE ringback.message VALIDATE CONSTRAINT message_bounds;
ALTER TABLE ringback.attempt VALIDATE CONSTRAINT attempt_bounds;
`;
