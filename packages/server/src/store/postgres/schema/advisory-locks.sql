-- The numbers of advisory locks. They are arbitrary, but no other program may use the same numbers in this database.

-- Only one node at a time runs retention, because two nodes would only wait for each other.
CREATE FUNCTION ringback.retention_lock() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN 8243118316933116781;

-- Only one transaction at a time creates partitions.
CREATE FUNCTION ringback.partition_lock() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN 8243118316933116782;
