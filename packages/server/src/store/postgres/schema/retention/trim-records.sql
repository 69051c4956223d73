-- Deletes expired dead letters, audit records and idempotency keys, and rows of deleted topics and subscriptions, at
-- most p_max of each. Returns nulls while another node does the same. more: p_max rows were deleted, so there may be
-- more.
CREATE FUNCTION ringback.trim_records(
  p_now bigint[], p_max integer, p_dead_letter_ms bigint, p_audit_ms bigint,
  OUT dead_letters integer, OUT audit_records integer, OUT keys integer, OUT more boolean
) LANGUAGE plpgsql AS $function$
DECLARE
  v_wall bigint := coalesce(p_now[2], ringback.now_ms());
BEGIN
  IF NOT pg_try_advisory_xact_lock(ringback.retention_lock()) THEN RETURN; END IF;
  DELETE FROM ringback.dead_letter WHERE id IN (
    SELECT d.id FROM ringback.dead_letter d WHERE d.redriven_at IS NULL AND d.died_at < v_wall - p_dead_letter_ms
    ORDER BY d.died_at LIMIT p_max FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS dead_letters = ROW_COUNT;
  DELETE FROM ringback.audit WHERE (account_id, record_id) IN (
    SELECT a.account_id, a.record_id FROM ringback.audit a WHERE a.happened_at < v_wall - p_audit_ms
    ORDER BY a.happened_at LIMIT p_max FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS audit_records = ROW_COUNT;
  DELETE FROM ringback.idempotency WHERE (topic_id, key) IN (
    SELECT i.topic_id, i.key FROM ringback.idempotency i WHERE i.expires_at < coalesce(p_now[1], ringback.steady_ms())
    ORDER BY i.expires_at LIMIT p_max FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS keys = ROW_COUNT;
  more := ringback.trim_removed(p_max) OR dead_letters = p_max OR audit_records = p_max OR keys = p_max;
END $function$;
