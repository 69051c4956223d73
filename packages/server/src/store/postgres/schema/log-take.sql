-- Positions that a claim takes from the log.
-- seqs, keys, seq_partitions: the positions taken, with the ordering key and the partition of each.
-- partitions: the distinct partitions among seq_partitions.
-- scanned_through: the last position examined. scanned: how many positions were examined.
-- parked: how many messages were parked instead of taken. returned: returned positions that are left.
-- is_stopped: the claim takes no more positions. has_due: a message was parked that is due already.
-- waits: a message was skipped because another node has claimed a delivery of its ordering key.
-- has_unscanned: the log has positions that no claim has examined.
CREATE TYPE ringback.log_take AS (
  count integer, bytes bigint, seqs bigint[], keys text[], seq_partitions integer[], partitions integer[],
  scanned_through bigint, scanned integer, parked integer, returned bigint[],
  is_stopped boolean, has_due boolean, waits boolean, has_unscanned boolean
);
