-- The numbers of advisory locks. Any number will do that no other program uses in this database.

-- Retention: only one node at a time removes things, since two would only wait for each other.
CREATE FUNCTION ringback.retention_lock() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN 8243118316933116781;

-- Only one transaction at a time creates partitions.
CREATE FUNCTION ringback.partition_lock() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN 8243118316933116782;
