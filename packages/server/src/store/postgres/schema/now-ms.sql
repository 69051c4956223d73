-- The database's clock, in milliseconds since 1970: for times that people read, and for ages of records.
CREATE FUNCTION ringback.now_ms() RETURNS bigint LANGUAGE sql VOLATILE
  RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
