-- As publishingTime in domain/clock-rules.ts: a step of the clock back by at most a minute repeats the last time. After
-- a larger one the last time was wrong, and the clock is followed.
CREATE FUNCTION ringback.publishing_time(p_last bigint, p_wall bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
  RETURN CASE WHEN p_last > p_wall AND p_last - p_wall <= 60000 THEN p_last ELSE p_wall END;
