-- Claims for many subscriptions in one round trip: see docs/adr/0011-claims-in-postgres.md.
--
-- Every function takes locks in this order: a topic's log, cursors by id, claims by id. Without p_wait, a cursor that
-- another transaction has locked is skipped and reported as busy. With p_wait, the function waits for the lock; the
-- caller must then order its requests by subscription id. An older claim that is being settled at this moment is not
-- changed, even if its lease has expired.
--
-- For each request, returns one row per delivery and then one row without seq, which has the fields of the claim
-- itself.
CREATE FUNCTION ringback.claim(
  p_now bigint[], p_node bigint, p_lease_ms bigint, p_wait boolean,
  p_scan_max integer, p_returned_max integer, p_retry_ms bigint, p_steady_ms bigint,
  -- One element per request.
  p_claims bigint[], p_subscriptions bigint[], p_deliveries_max integer[], p_bytes_max bigint[], p_from_log boolean[]
) RETURNS TABLE (
  want integer, seq bigint, attempts bigint, retries bigint, first_attempt_at bigint, apart boolean,
  topic_id bigint, published_at bigint, deliver_at bigint, content_type text, tags text[], type text,
  ordering_key text, attributes text, request text, body bytea,
  busy boolean, more boolean, next_due_in bigint, parked_count bigint
) LANGUAGE plpgsql AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint := coalesce(p_now[1], ringback.steady_ms());
  v_nodes record;
  v_id bigint;
  v_cursor ringback.subscription_cursor%ROWTYPE;
  v_open record;
  v_free integer;
  v_room record;
  v_parked record;
  v_log ringback.log_take;
  v_partition integer;
  v_rest record;
BEGIN
  -- A claim that a crash of the database forgets is only delivered again, so its commit need not wait for the disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  v_nodes := ringback.known_nodes(p_node, v_now, p_steady_ms);
  FOR v_request IN 1 .. cardinality(p_subscriptions) LOOP
    want := v_request; v_id := p_subscriptions[v_request]; busy := false;
    more := false; next_due_in := NULL; parked_count := 0;
    IF p_wait THEN
      SELECT * INTO v_cursor FROM ringback.subscription_cursor c WHERE c.subscription_id = v_id FOR UPDATE;
    ELSE
      SELECT * INTO v_cursor FROM ringback.subscription_cursor c WHERE c.subscription_id = v_id FOR UPDATE SKIP LOCKED;
    END IF;
    IF v_cursor.active IS NOT TRUE THEN
      busy := v_cursor.subscription_id IS NULL AND NOT p_wait
        AND EXISTS (SELECT 1 FROM ringback.subscription_cursor c WHERE c.subscription_id = v_id);
      RETURN NEXT;
      CONTINUE;
    END IF;
    SELECT count(*) INTO parked_count FROM (
      SELECT 1 FROM ringback.parked p WHERE p.subscription_id = v_id LIMIT 1001) few;
    IF parked_count > 1000 THEN parked_count := ringback.count_many_parked(v_cursor, v_now); END IF;
    -- Open claims are read before parked deliveries: a delivery that is parked meanwhile is then seen twice, never
    -- missed.
    v_open := ringback.reclaim_lapsed(v_id, v_cursor.ordering, p_node, v_now, v_nodes.alive, v_cursor.returned_seqs);
    v_free := CASE WHEN v_nodes.has_others THEN greatest(0, v_cursor.in_flight_max - v_open.count) END;
    v_room := ringback.claim_room(v_cursor, p_claims[v_request], least(p_deliveries_max[v_request], v_free),
      v_open.count, v_open.parked, parked_count, p_from_log[v_request]);
    v_parked := ringback.take_parked(v_id, v_cursor.topic_id, v_cursor.ordering, v_open.parked, v_open.foreign_keys,
      v_now, CASE WHEN parked_count > 0 THEN v_room.room ELSE 0 END, v_room.ordered, v_room.apart,
      p_bytes_max[v_request], p_scan_max);
    v_log := ringback.take_from_log(v_cursor, v_open.returned, v_open.foreign_keys, v_now, p_from_log[v_request],
      least(v_room.room - v_parked.count, v_room.ordered - v_parked.ordered), p_bytes_max[v_request] - v_parked.bytes,
      p_scan_max, p_returned_max);
    IF v_log.count + v_parked.count > 0 THEN
      INSERT INTO ringback.claim (id, node_id, subscription_id, lease_until, seqs, keys, parked, parked_keys) VALUES
        (p_claims[v_request], p_node, v_id, v_now + p_lease_ms, v_log.seqs, v_log.keys, v_parked.seqs, v_parked.keys);
      FOREACH v_partition IN ARRAY v_log.partitions LOOP
        RETURN QUERY SELECT v_request, r.*, false, false, NULL::bigint, 0::bigint
          FROM ringback.read_from_log(v_cursor.topic_id, v_partition, v_log.seqs, v_log.seq_partitions) r;
      END LOOP;
      IF v_parked.count > 0 THEN
        RETURN QUERY SELECT v_request, r.*, false, false, NULL::bigint, 0::bigint
          FROM ringback.read_parked(v_id, v_cursor.topic_id, v_parked.seqs) r;
      END IF;
    END IF;
    parked_count := parked_count + v_log.parked - v_parked.expired;
    v_rest := ringback.claim_rest(v_id, v_cursor.ordering = 'strict',
      v_cursor.ordering = 'strict' AND v_room.open + v_log.count + v_parked.ordered > 0, v_log.count + v_parked.count,
      parked_count, v_parked.has_more OR v_log.has_due, v_parked.waits OR v_log.waits, v_free IS NOT DISTINCT FROM 0,
      v_log.has_unscanned, v_log.returned <> '{}', v_open.lease_end, v_now, p_from_log[v_request], p_retry_ms);
    more := v_rest.more; next_due_in := v_rest.next_due_in;
    RETURN NEXT;
  END LOOP;
END $function$;
