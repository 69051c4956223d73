-- How many copies of a replay are parked, copies in claims included.
CREATE FUNCTION ringback.waiting_copies(p_replay bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $function$
BEGIN
  RETURN (SELECT count(*) FROM ringback.parked p WHERE p.replay_id = p_replay);
END $function$;
