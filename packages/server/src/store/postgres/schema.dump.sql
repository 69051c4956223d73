-- The whole schema of a freshly migrated database.
-- Written by `npm run generate:schema`; the sources are in schema/.

CREATE TYPE ringback.log_take AS (
  count integer,
  bytes bigint,
  seqs bigint[],
  keys text[],
  seq_partitions integer[],
  partitions integer[],
  scanned_through bigint,
  scanned integer,
  parked integer,
  returned bigint[],
  is_stopped boolean,
  has_due boolean,
  waits boolean,
  has_unscanned boolean
);

CREATE SEQUENCE ringback.attempt_id_seq MAXVALUE 9223372036854775807;

CREATE TABLE ringback.account (
  id bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9223372036854775807) NOT NULL,
  name text NOT NULL,
  app_id bigint NOT NULL,
  created_at bigint NOT NULL,
  CONSTRAINT account_name_key UNIQUE (name),
  CONSTRAINT account_pkey PRIMARY KEY (id)
);

CREATE TABLE ringback.attempt (
  id bigint NOT NULL DEFAULT nextval('attempt_id_seq'::regclass),
  topic_id bigint NOT NULL,
  seq bigint NOT NULL,
  subscription_id bigint NOT NULL,
  attempt bigint NOT NULL,
  started_at bigint NOT NULL,
  duration_ms bigint NOT NULL,
  verdict smallint NOT NULL,
  status bigint,
  error_code text,
  error_detail text,
  reply bytea
) PARTITION BY RANGE (started_at);

CREATE TABLE ringback.attempt_partition (
  from_at bigint NOT NULL,
  to_at bigint NOT NULL,
  name text NOT NULL,
  CONSTRAINT attempt_partition_pkey PRIMARY KEY (from_at)
);

CREATE TABLE ringback.attempt_partition_span (
  only_one boolean NOT NULL DEFAULT true,
  span_ms bigint NOT NULL,
  CONSTRAINT attempt_partition_span_only_one_check CHECK (only_one),
  CONSTRAINT attempt_partition_span_pkey PRIMARY KEY (only_one)
);

CREATE TABLE ringback.audit (
  account_id bigint NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  happened_at bigint NOT NULL,
  who text NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  details text NOT NULL,
  CONSTRAINT audit_pkey PRIMARY KEY (account_id, record_id)
);

CREATE TABLE ringback.claim (
  id bigint NOT NULL,
  node_id bigint NOT NULL,
  subscription_id bigint NOT NULL,
  lease_until bigint NOT NULL,
  seqs bigint[] NOT NULL,
  keys text[],
  parked bigint[] NOT NULL,
  parked_keys text[],
  CONSTRAINT claim_pkey PRIMARY KEY (id)
) WITH (fillfactor=50);

CREATE TABLE ringback.clock (
  only_one boolean NOT NULL DEFAULT true,
  steady_at bigint NOT NULL,
  wall_at bigint NOT NULL,
  CONSTRAINT clock_only_one_check CHECK (only_one),
  CONSTRAINT clock_pkey PRIMARY KEY (only_one)
) WITH (fillfactor=10);

CREATE TABLE ringback.dead_letter (
  id bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9223372036854775807) NOT NULL,
  account_id bigint NOT NULL,
  subscription_id bigint NOT NULL,
  topic_id bigint NOT NULL,
  seq bigint NOT NULL,
  reason text NOT NULL,
  attempts bigint NOT NULL,
  died_at bigint NOT NULL,
  redriven_at bigint,
  last_status bigint,
  last_error_code text,
  last_error_detail text,
  last_reply bytea,
  published_at bigint NOT NULL,
  deliver_at bigint,
  content_type text,
  tags text[],
  type text,
  ordering_key text,
  attributes text,
  request text,
  body bytea NOT NULL,
  CONSTRAINT dead_letter_pkey PRIMARY KEY (id)
);

CREATE TABLE ringback.entry (
  account_id bigint NOT NULL,
  kind text NOT NULL,
  name text COLLATE "C" NOT NULL,
  id bigint NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  value text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  CONSTRAINT entry_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id),
  CONSTRAINT entry_pkey PRIMARY KEY (account_id, kind, name)
);

CREATE TABLE ringback.exchange (
  id bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9223372036854775807) NOT NULL,
  account_id bigint NOT NULL,
  subscription_id bigint NOT NULL,
  seq bigint NOT NULL,
  attempt bigint NOT NULL,
  started_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  bytes bigint NOT NULL,
  head text NOT NULL,
  request_body bytea NOT NULL,
  reply_body bytea,
  CONSTRAINT exchange_pkey PRIMARY KEY (id),
  CONSTRAINT exchange_subscription_id_seq_started_at_attempt_key UNIQUE (subscription_id, seq, started_at, attempt)
);

CREATE TABLE ringback.idempotency (
  topic_id bigint NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  first_seq bigint NOT NULL,
  published_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  CONSTRAINT idempotency_pkey PRIMARY KEY (topic_id, key)
);

CREATE TABLE ringback.message (
  topic_id bigint NOT NULL,
  seq bigint NOT NULL,
  partition_id integer NOT NULL,
  published_at bigint NOT NULL,
  deliver_at bigint,
  content_type text,
  tags text[],
  type text,
  ordering_key text,
  attributes text,
  request text,
  body bytea NOT NULL
) PARTITION BY LIST (partition_id);

CREATE TABLE ringback.message_partition (
  id integer NOT NULL,
  ends_at bigint NOT NULL,
  CONSTRAINT message_partition_pkey PRIMARY KEY (id)
);

CREATE TABLE ringback.migration (
  number integer NOT NULL,
  name text NOT NULL,
  applied_at timestamp with time zone NOT NULL DEFAULT now(),
  CONSTRAINT migration_pkey PRIMARY KEY (number)
);

CREATE TABLE ringback.node (
  id bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9223372036854775807) NOT NULL,
  name text NOT NULL DEFAULT ''::text,
  version text NOT NULL DEFAULT ''::text,
  process text,
  started_at bigint NOT NULL,
  beating_since bigint NOT NULL,
  alive_until bigint NOT NULL,
  CONSTRAINT node_pkey PRIMARY KEY (id)
) WITH (fillfactor=50);

CREATE TABLE ringback.parked (
  subscription_id bigint NOT NULL,
  seq bigint NOT NULL,
  due_at bigint,
  attempts bigint NOT NULL,
  retries bigint NOT NULL,
  first_attempt_at bigint,
  ordering_key text,
  dead_letter_id bigint,
  replay_id bigint,
  apart boolean NOT NULL DEFAULT false,
  CONSTRAINT parked_pkey PRIMARY KEY (subscription_id, seq)
) WITH (autovacuum_vacuum_scale_factor=0.02);

CREATE TABLE ringback.released_number (
  id bigint GENERATED ALWAYS AS IDENTITY (MAXVALUE 9223372036854775807) NOT NULL,
  topic_id bigint NOT NULL,
  last_seq bigint NOT NULL,
  CONSTRAINT released_number_pkey PRIMARY KEY (id)
);

CREATE TABLE ringback.removed (
  kind text NOT NULL,
  id bigint NOT NULL,
  last_seq bigint,
  CONSTRAINT removed_pkey PRIMARY KEY (kind, id)
);

CREATE TABLE ringback.replay (
  id bigint NOT NULL,
  account_id bigint NOT NULL,
  plan text NOT NULL,
  target_id bigint NOT NULL,
  per_second bigint,
  state text NOT NULL,
  reason text,
  paused boolean NOT NULL DEFAULT false,
  is_open boolean NOT NULL DEFAULT true,
  position bigint NOT NULL,
  through bigint NOT NULL,
  examined bigint NOT NULL DEFAULT 0,
  parked bigint NOT NULL DEFAULT 0,
  skipped bigint NOT NULL DEFAULT 0,
  expired bigint NOT NULL DEFAULT 0,
  next_at double precision NOT NULL DEFAULT 0,
  created_at bigint NOT NULL,
  ended_at bigint,
  lease_node bigint,
  lease_until bigint NOT NULL DEFAULT 0,
  CONSTRAINT replay_pkey PRIMARY KEY (id)
);

CREATE TABLE ringback.segment (
  topic_id bigint NOT NULL,
  first_seq bigint NOT NULL,
  partition_id integer NOT NULL,
  CONSTRAINT segment_pkey PRIMARY KEY (topic_id, first_seq)
);

CREATE TABLE ringback.start_schedule (
  subscription_id bigint NOT NULL,
  interval_ms double precision NOT NULL,
  burst integer NOT NULL,
  rested_at double precision NOT NULL,
  CONSTRAINT start_schedule_pkey PRIMARY KEY (subscription_id)
) WITH (fillfactor=40);

CREATE TABLE ringback.subscription (
  id bigint NOT NULL,
  account_id bigint NOT NULL,
  topic_id bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  state text NOT NULL,
  disabled text,
  health text,
  settings text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  CONSTRAINT subscription_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id),
  CONSTRAINT subscription_pkey PRIMARY KEY (id),
  CONSTRAINT subscription_topic_id_name_key UNIQUE (topic_id, name)
);

CREATE TABLE ringback.subscription_cursor (
  subscription_id bigint NOT NULL,
  topic_id bigint NOT NULL,
  active boolean NOT NULL,
  ordering text NOT NULL,
  in_flight_max integer NOT NULL,
  tags text[],
  routes text[],
  scanned_through bigint NOT NULL,
  returned_seqs bigint[] NOT NULL DEFAULT '{}'::bigint[],
  expired bigint NOT NULL DEFAULT 0,
  parked_count bigint NOT NULL DEFAULT 0,
  parked_counted_at bigint NOT NULL DEFAULT 0,
  CONSTRAINT subscription_cursor_pkey PRIMARY KEY (subscription_id)
) WITH (fillfactor=40);

CREATE TABLE ringback.tally (
  account_id bigint NOT NULL,
  topic_id bigint NOT NULL,
  subscription_id bigint NOT NULL,
  step_ms bigint NOT NULL,
  happened_at bigint NOT NULL,
  writer text NOT NULL,
  counts text NOT NULL,
  CONSTRAINT tally_pkey PRIMARY KEY (account_id, topic_id, subscription_id, step_ms, happened_at, writer)
);

CREATE TABLE ringback.topic (
  id bigint NOT NULL,
  account_id bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  settings text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  CONSTRAINT topic_account_id_fkey FOREIGN KEY (account_id) REFERENCES account(id),
  CONSTRAINT topic_account_id_name_key UNIQUE (account_id, name),
  CONSTRAINT topic_pkey PRIMARY KEY (id)
);

CREATE TABLE ringback.topic_log (
  topic_id bigint NOT NULL,
  retention_ms bigint NOT NULL,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  last_published_at bigint NOT NULL DEFAULT 0,
  expires_at bigint,
  partition_id integer,
  segment_first_seq bigint,
  CONSTRAINT topic_log_pkey PRIMARY KEY (topic_id)
) WITH (fillfactor=40);

CREATE TABLE ringback.topic_number (
  only_one boolean NOT NULL DEFAULT true,
  last integer NOT NULL,
  key bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()),
  CONSTRAINT topic_number_only_one_check CHECK (only_one),
  CONSTRAINT topic_number_pkey PRIMARY KEY (only_one)
);

CREATE INDEX audit_age ON ringback.audit USING btree (happened_at);

CREATE INDEX claim_subscription ON ringback.claim USING btree (subscription_id);

CREATE INDEX dead_letter_account ON ringback.dead_letter USING btree (account_id, died_at, id) WHERE (redriven_at IS NULL);

CREATE INDEX dead_letter_age ON ringback.dead_letter USING btree (died_at) WHERE (redriven_at IS NULL);

CREATE INDEX dead_letter_delivery ON ringback.dead_letter USING btree (subscription_id, seq);

CREATE INDEX dead_letter_listed ON ringback.dead_letter USING btree (subscription_id, id) WHERE (redriven_at IS NULL);

CREATE INDEX dead_letter_newest ON ringback.dead_letter USING btree (subscription_id, died_at, id) WHERE (redriven_at IS NULL);

CREATE INDEX dead_letter_topic ON ringback.dead_letter USING btree (topic_id, died_at, id) WHERE (redriven_at IS NULL);

CREATE UNIQUE INDEX entry_with_unique_name ON ringback.entry USING btree (kind, name) WHERE (kind ~~ '@%'::text);

CREATE INDEX exchange_account ON ringback.exchange USING btree (account_id);

CREATE INDEX exchange_age ON ringback.exchange USING btree (started_at, id, bytes);

CREATE INDEX exchange_expiry ON ringback.exchange USING btree (expires_at);

CREATE INDEX idempotency_age ON ringback.idempotency USING btree (expires_at);

CREATE INDEX parked_apart ON ringback.parked USING btree (subscription_id, due_at, seq) WHERE apart;

CREATE INDEX parked_delayed ON ringback.parked USING btree (subscription_id, due_at) WHERE ((first_attempt_at IS NULL) AND (due_at IS NOT NULL));

CREATE INDEX parked_due ON ringback.parked USING btree (subscription_id, due_at, seq) WHERE (due_at IS NOT NULL);

CREATE INDEX parked_key ON ringback.parked USING btree (subscription_id, ordering_key, seq) WHERE (ordering_key IS NOT NULL);

CREATE INDEX parked_replay ON ringback.parked USING btree (replay_id) WHERE (replay_id IS NOT NULL);

CREATE INDEX replay_age ON ringback.replay USING btree (ended_at) WHERE (NOT is_open);

CREATE INDEX replay_of_account ON ringback.replay USING btree (account_id, id);

CREATE INDEX replay_open ON ringback.replay USING btree (id) WHERE is_open;

CREATE INDEX segment_partition ON ringback.segment USING btree (partition_id);

CREATE INDEX subscription_cursor_topic ON ringback.subscription_cursor USING btree (topic_id);

CREATE INDEX subscription_of_account ON ringback.subscription USING btree (account_id);

CREATE INDEX subscription_stopped ON ringback.subscription USING btree (account_id, state) WHERE (state <> 'active'::text);

CREATE INDEX subscription_unhealthy ON ringback.subscription USING btree (account_id, topic_id, name) WHERE (health IS NOT NULL);

CREATE INDEX tally_age ON ringback.tally USING btree (step_ms, happened_at);

CREATE INDEX topic_any_case ON ringback.topic USING btree (account_id, lower(name));

CREATE INDEX topic_log_expires ON ringback.topic_log USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE UNIQUE INDEX topic_with_number ON ringback.topic USING btree (((id & (8388607)::bigint)));

CREATE OR REPLACE FUNCTION ringback.abandon_claims(p_node bigint, p_claims bigint[])
 RETURNS void
 LANGUAGE sql
AS $function$
  UPDATE ringback.claim SET lease_until = 0 WHERE node_id = p_node AND (p_claims IS NULL OR id = ANY (p_claims))
$function$;

CREATE OR REPLACE FUNCTION ringback.append(p_now bigint[], p_key_ms bigint, p_topics bigint[], p_counts integer[], p_keys text[], p_fingerprints text[], p_requests integer[], p_indexes integer[], p_delays bigint[], p_content_types text[], p_tags text[], p_types text[], p_ordering_keys text[], p_attributes text[], p_message_requests text[], p_offsets integer[], p_sizes integer[], p_bodies bytea)
 RETURNS TABLE(request integer, outcome text, first_seq bigint, published_at bigint)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
  -- Delays and idempotency keys count in steady time.
  v_now bigint := coalesce(p_now[1], ringback.steady_ms());
  v_wall bigint := coalesce(p_now[2], ringback.now_ms());
BEGIN
  PERFORM ringback.lock_logs(p_topics, v_wall);
  RETURN QUERY
  WITH judged AS (
    SELECT r.request::integer, r.topic_id, r.count, r.key, r.fingerprint, l.last_seq,
      ringback.publishing_time(l.last_published_at, v_wall) AS at, l.partition_id AS partition_before,
      ringback.message_partition_id(l.retention_ms, ringback.publishing_time(l.last_published_at, v_wall))
        AS partition_id,
      i.first_seq AS known_seq, i.published_at AS known_at,
      CASE
        WHEN l.topic_id IS NULL THEN 'topic_gone'
        WHEN i.first_seq IS NULL AND l.last_seq >= 1099510579199 THEN 'log_full'
        WHEN i.first_seq IS NULL THEN 'appended'
        WHEN i.fingerprint = r.fingerprint THEN 'replayed'
        ELSE 'key_conflict'
      END AS outcome
    FROM unnest(p_topics, p_counts, p_keys, p_fingerprints) WITH ORDINALITY
      AS r (topic_id, count, key, fingerprint, request)
    LEFT JOIN LATERAL (SELECT * FROM ringback.topic_log l WHERE l.topic_id = r.topic_id LIMIT 1) l ON true
    LEFT JOIN LATERAL (
      SELECT * FROM ringback.idempotency i
      WHERE i.topic_id = r.topic_id AND i.key = r.key AND i.expires_at > v_now LIMIT 1) i ON true
  ), placed AS MATERIALIZED (
    SELECT a.*, a.last_seq + 1 - a.count + sum(CASE WHEN a.outcome = 'appended' THEN a.count ELSE 0 END)
      OVER (PARTITION BY a.topic_id ORDER BY a.request)::bigint AS first_seq
    FROM judged a
  ), written AS (
    INSERT INTO ringback.message (topic_id, seq, partition_id, published_at, deliver_at, content_type, tags,
      type, ordering_key, attributes, request, body)
    SELECT p.topic_id, p.first_seq + m.index, p.partition_id, p.at, CASE WHEN m.delay_ms > 0 THEN v_now + m.delay_ms END,
      m.content_type, m.tags::text[], m.type, m.ordering_key, m.attributes, m.sent_in,
      substr(p_bodies, m.offset_bytes + 1, m.size)
    FROM unnest(p_requests, p_indexes, p_delays, p_content_types, p_tags, p_types, p_ordering_keys, p_attributes,
        p_message_requests, p_offsets, p_sizes)
      AS m (request, index, delay_ms, content_type, tags, type, ordering_key, attributes, sent_in, offset_bytes,
        size)
    JOIN placed p ON p.request = m.request AND p.outcome = 'appended'
  ), grown AS MATERIALIZED (
    SELECT topic_id, sum(count)::bigint AS count, min(first_seq) AS first_seq, max(at) AS at,
      max(partition_id) AS partition_id, max(partition_before) AS partition_before
    FROM placed WHERE outcome = 'appended' GROUP BY topic_id
  ), segments AS (
    INSERT INTO ringback.segment (topic_id, first_seq, partition_id)
    SELECT topic_id, first_seq, partition_id FROM grown WHERE partition_id IS DISTINCT FROM partition_before
  ), logs AS (
    UPDATE ringback.topic_log l SET last_seq = l.last_seq + g.count, last_published_at = g.at,
      expires_at = least(l.expires_at, g.at + l.retention_ms), partition_id = g.partition_id,
      segment_first_seq = CASE WHEN g.partition_id = l.partition_id THEN l.segment_first_seq ELSE g.first_seq END
    FROM grown g
    WHERE l.topic_id = ANY (p_topics) AND l.topic_id = g.topic_id
  ), keys AS (
    INSERT INTO ringback.idempotency AS i (topic_id, key, fingerprint, first_seq, published_at, expires_at)
    SELECT topic_id, key, fingerprint, first_seq, at, v_now + p_key_ms FROM placed WHERE outcome = 'appended' AND key IS NOT NULL
    ON CONFLICT (topic_id, key) DO UPDATE
      SET fingerprint = excluded.fingerprint, first_seq = excluded.first_seq, published_at = excluded.published_at,
        expires_at = excluded.expires_at
  )
  SELECT p.request, p.outcome,
    CASE p.outcome WHEN 'replayed' THEN p.known_seq ELSE p.first_seq END,
    CASE p.outcome WHEN 'replayed' THEN p.known_at ELSE p.at END
  FROM placed p;
END $function$;

CREATE OR REPLACE FUNCTION ringback.assign_message_partitions(p_topics bigint[], p_seqs bigint[], p_published bigint[])
 RETURNS TABLE(partition_id integer)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
DECLARE
  v_row record;
  v_topic bigint;
  v_last integer;
BEGIN
  FOR v_row IN
    SELECT m.topic_id, m.seq, ringback.message_partition_id(l.retention_ms, m.published_at) AS partition_id
    FROM unnest(p_topics, p_seqs, p_published) WITH ORDINALITY AS m (topic_id, seq, published_at, position)
    JOIN ringback.topic_log l ON l.topic_id = m.topic_id ORDER BY m.position
  LOOP
    IF v_row.topic_id IS DISTINCT FROM v_topic THEN
      v_topic := v_row.topic_id;
      v_last := ringback.segment_partition_id(v_topic, v_row.seq);
    END IF;
    IF v_row.partition_id IS DISTINCT FROM v_last THEN
      PERFORM ringback.ensure_message_partition(v_row.partition_id);
      INSERT INTO ringback.segment AS s (topic_id, first_seq, partition_id)
        VALUES (v_row.topic_id, v_row.seq, v_row.partition_id)
        ON CONFLICT ON CONSTRAINT segment_pkey DO UPDATE SET partition_id = excluded.partition_id;
      UPDATE ringback.topic_log SET partition_id = v_row.partition_id, segment_first_seq = v_row.seq
        WHERE topic_id = v_topic;
      v_last := v_row.partition_id;
    END IF;
    partition_id := v_row.partition_id;
    RETURN NEXT;
  END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION ringback.cancel_parked(p_subscription bigint, p_topic bigint, p_seq bigint, p_now bigint, p_wall bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
  v_parked ringback.parked%ROWTYPE;
  v_last record;
BEGIN
  DELETE FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq = p_seq RETURNING * INTO v_parked;
  SELECT x.status, x.error_code, x.error_detail, x.reply INTO v_last FROM (
    SELECT a.* FROM ringback.attempt a
      WHERE a.topic_id = p_topic AND a.seq = p_seq AND a.subscription_id + 0 = p_subscription OFFSET 0) x
    ORDER BY x.id DESC LIMIT 1;
  PERFORM ringback.write_dead_letter(v_parked.dead_letter_id, p_subscription, p_topic, p_seq, 'cancelled',
    v_parked.attempts, p_wall, v_last.status, v_last.error_code, v_last.error_detail, v_last.reply);
  PERFORM ringback.unblock_key(p_subscription, v_parked.ordering_key, p_now);
END $function$;

CREATE OR REPLACE FUNCTION ringback.claim(p_now bigint[], p_node bigint, p_lease_ms bigint, p_wait boolean, p_scan_max integer, p_returned_max integer, p_retry_ms bigint, p_steady_ms bigint, p_claims bigint[], p_subscriptions bigint[], p_deliveries_max integer[], p_bytes_max bigint[], p_from_log boolean[])
 RETURNS TABLE(want integer, seq bigint, attempts bigint, retries bigint, first_attempt_at bigint, apart boolean, topic_id bigint, published_at bigint, deliver_at bigint, content_type text, tags text[], type text, ordering_key text, attributes text, request text, body bytea, busy boolean, more boolean, next_due_in bigint, parked_count bigint)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
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

CREATE OR REPLACE FUNCTION ringback.claim_rest(p_subscription bigint, p_is_strict boolean, p_is_held boolean, p_taken integer, p_parked bigint, p_has_due boolean, p_waits boolean, p_is_capped boolean, p_has_unscanned boolean, p_has_returned boolean, p_lease_end bigint, p_now bigint, p_from_log boolean, p_retry_ms bigint, OUT more boolean, OUT next_due_in bigint)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_due bigint;
BEGIN
  -- A caller that got nothing also learns when the leases of others expire, or when to try again.
  IF p_taken > 0 THEN
    p_lease_end := NULL;
  ELSIF p_waits OR (p_is_capped AND (p_has_unscanned OR p_has_returned OR p_parked > 0)) THEN
    p_lease_end := least(p_lease_end, p_now + p_retry_ms);
  END IF;
  IF p_is_held THEN
    IF p_parked > 0 THEN
      SELECT greatest(p.due_at, p_now + p_retry_ms) INTO v_due FROM ringback.parked p
        WHERE p.subscription_id = p_subscription AND p.apart ORDER BY p.due_at LIMIT 1;
    END IF;
    more := false;
    next_due_in := least(v_due, p_lease_end) - p_now;
    RETURN;
  END IF;
  IF p_has_due THEN
    v_due := p_now;
  ELSIF p_parked > 0 THEN
    SELECT p.due_at INTO v_due FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.due_at > p_now
      ORDER BY p.due_at LIMIT 1;
  END IF;
  more := NOT (p_taken = 0 AND p_is_capped)
    AND (p_has_due OR (p_from_log AND (p_has_unscanned OR (p_has_returned AND NOT p_waits))))
    AND NOT (p_is_strict AND ringback.is_key_blocked(p_subscription, ''));
  next_due_in := least(v_due, p_lease_end) - p_now;
END $function$;

CREATE OR REPLACE FUNCTION ringback.claim_room(p_cursor subscription_cursor, p_claim bigint, p_wanted integer, p_open integer, p_claimed bigint[], p_parked_count bigint, p_from_log boolean, OUT room integer, OUT ordered integer, OUT apart integer, OUT open integer)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_is_strict boolean := p_cursor.ordering = 'strict';
  v_has_apart boolean := p_parked_count > 0 AND EXISTS (
    SELECT 1 FROM ringback.parked p WHERE p.subscription_id = p_cursor.subscription_id AND p.apart);
BEGIN
  open := p_open;
  IF v_is_strict AND v_has_apart THEN
    open := p_open - (SELECT count(*) FROM ringback.parked p
      WHERE p.subscription_id = p_cursor.subscription_id AND p.seq = ANY (p_claimed) AND p.apart);
  END IF;
  ordered := CASE WHEN NOT v_is_strict THEN p_wanted WHEN open > 0 THEN 0 ELSE 1 END;
  room := ordered;
  apart := 0;
  IF NOT v_has_apart THEN RETURN; END IF;
  IF v_is_strict THEN
    apart := CASE WHEN p_open > open THEN 0 ELSE 1 END;
    room := ordered + apart;
  ELSIF p_from_log AND EXISTS (SELECT 1 FROM ringback.topic_log l
      WHERE l.topic_id = p_cursor.topic_id AND l.last_seq > p_cursor.scanned_through) THEN
    apart := (p_wanted + (hashint8(p_claim) & 7)) / 8;
  ELSE
    apart := p_wanted;
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION ringback.count_many_parked(p_cursor subscription_cursor, p_now bigint)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_count bigint;
BEGIN
  IF p_now - p_cursor.parked_counted_at BETWEEN 0 AND greatest(1000, p_cursor.parked_count / 20) - 1 THEN
    RETURN greatest(1001, p_cursor.parked_count);
  END IF;
  SELECT count(*) INTO v_count FROM ringback.parked p WHERE p.subscription_id = p_cursor.subscription_id;
  UPDATE ringback.subscription_cursor c SET parked_count = v_count, parked_counted_at = p_now
    WHERE c.subscription_id = p_cursor.subscription_id;
  RETURN v_count;
END $function$;

CREATE OR REPLACE FUNCTION ringback.dead_letter_expired(p_topic bigint, p_subscriptions bigint[], p_seqs bigint[], p_now bigint, p_wall bigint)
 RETURNS TABLE(what text, subscription_id bigint, count bigint)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
DECLARE
  v_subscriptions bigint[];
  v_keys text[];
BEGIN
  PERFORM ringback.write_dead_letter(NULL, b.subscription_id, p_topic, b.seq, 'expired', p.attempts, p_wall, a.status,
    a.error_code, a.error_detail, a.reply)
  FROM unnest(p_subscriptions, p_seqs) AS b (subscription_id, seq)
  CROSS JOIN LATERAL (
    SELECT * FROM ringback.parked p WHERE p.subscription_id = b.subscription_id AND p.seq = b.seq LIMIT 1) p
  LEFT JOIN LATERAL (
    SELECT a.status, a.error_code, a.error_detail, a.reply FROM ringback.attempt a
    WHERE a.topic_id = p_topic AND a.seq = b.seq AND a.subscription_id = b.subscription_id ORDER BY a.id DESC LIMIT 1
  ) a ON true
  ORDER BY b.seq, b.subscription_id;

  -- All rows are deleted before a key is unblocked, so that none of them becomes due.
  WITH gone AS (
    DELETE FROM ringback.parked p WHERE p.ctid = ANY (ARRAY (
      SELECT x.row_id FROM unnest(p_subscriptions, p_seqs) AS b (subscription_id, seq), LATERAL (
        SELECT p.ctid AS row_id FROM ringback.parked p
        WHERE p.subscription_id = b.subscription_id AND p.seq = b.seq LIMIT 1) x))
    RETURNING p.subscription_id, p.ordering_key
  )
  SELECT array_agg(g.subscription_id), array_agg(g.ordering_key) INTO v_subscriptions, v_keys
    FROM gone g WHERE g.ordering_key IS NOT NULL;
  PERFORM ringback.unblock_keys(v_subscriptions, v_keys, p_now);
  RETURN QUERY SELECT 'expired', s, count(*) FROM unnest(p_subscriptions) AS s GROUP BY s
    UNION ALL SELECT DISTINCT 'ready', s, 0::bigint FROM unnest(v_subscriptions) AS s;
END $function$;

CREATE OR REPLACE FUNCTION ringback.drop_attempt_partition(p_now bigint[], p_retention_ms bigint, p_scanned_max bigint, p_lock_ms bigint)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_now bigint := coalesce(p_now[2], ringback.now_ms());
  v_before bigint := v_now - p_retention_ms;
  v_partition record;
  v_young integer;
  v_count bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(ringback.retention_lock()) THEN RETURN NULL; END IF;
  SELECT r.*, c.reltuples::bigint AS estimate INTO v_partition FROM ringback.attempt_partition r
    JOIN pg_class c ON c.relname = r.name AND c.relnamespace = 'ringback'::regnamespace
    WHERE r.to_at <= v_now AND r.from_at < v_before ORDER BY r.from_at LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF v_partition.to_at > v_before THEN
    IF v_partition.estimate > p_scanned_max THEN RETURN NULL; END IF;
    EXECUTE format('SELECT 1 FROM ringback.%I WHERE started_at >= $1 ORDER BY id DESC LIMIT 1', v_partition.name)
      INTO v_young USING v_before;
    IF v_young IS NOT NULL THEN RETURN NULL; END IF;
  END IF;
  v_count := v_partition.estimate;
  IF v_count <= p_scanned_max THEN
    EXECUTE format('SELECT count(*) FROM ringback.%I', v_partition.name) INTO v_count;
  END IF;
  PERFORM set_config('lock_timeout', p_lock_ms::text, true);
  LOCK TABLE ONLY ringback.attempt IN ACCESS EXCLUSIVE MODE;
  -- A late attempt may have been written before this transaction took the lock.
  IF v_partition.to_at > v_before THEN
    EXECUTE format('SELECT 1 FROM ringback.%I WHERE started_at >= $1 ORDER BY id DESC LIMIT 1', v_partition.name)
      INTO v_young USING v_before;
    IF v_young IS NOT NULL THEN RETURN NULL; END IF;
  END IF;
  EXECUTE format('DROP TABLE ringback.%I', v_partition.name);
  DELETE FROM ringback.attempt_partition WHERE from_at = v_partition.from_at;
  RETURN v_count;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $function$;

CREATE OR REPLACE FUNCTION ringback.drop_message_partition(p_now bigint[], p_lock_ms bigint)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_now bigint := coalesce(p_now[2], ringback.now_ms());
  v_partition integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(ringback.retention_lock()) THEN RETURN NULL; END IF;
  SELECT m.id INTO v_partition FROM ringback.message_partition m
    WHERE (m.ends_at <= v_now OR m.ends_at > v_now + 2 * ringback.message_partition_span_ms(m.id / 100000000))
      AND NOT EXISTS (SELECT 1 FROM ringback.segment s WHERE s.partition_id = m.id)
    ORDER BY m.ends_at LIMIT 1;
  IF v_partition IS NULL THEN RETURN NULL; END IF;
  PERFORM set_config('lock_timeout', p_lock_ms::text, true);
  LOCK TABLE ONLY ringback.message IN ACCESS EXCLUSIVE MODE;
  -- An append that was about to continue a log in this partition has committed by now.
  IF EXISTS (SELECT 1 FROM ringback.segment s WHERE s.partition_id = v_partition) THEN RETURN NULL; END IF;
  EXECUTE format('DROP TABLE ringback.message_%s', v_partition);
  DELETE FROM ringback.message_partition WHERE id = v_partition;
  RETURN v_partition;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  RETURN -1;
END $function$;

CREATE OR REPLACE FUNCTION ringback.due_in_key(p_subscription bigint, p_key text, p_seq bigint, p_now bigint)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
BEGIN
  RETURN CASE WHEN NOT EXISTS (SELECT 1 FROM ringback.parked
    WHERE subscription_id = p_subscription AND ordering_key = p_key AND seq < p_seq) THEN p_now END;
END $function$;

CREATE OR REPLACE FUNCTION ringback.ensure_attempt_partitions(p_times bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_at bigint;
  v_span bigint;
  v_from bigint;
  v_to bigint;
  v_name text;
BEGIN
  PERFORM pg_advisory_xact_lock(ringback.partition_lock());
  -- ATTACH takes the same lock. Taking it also makes this session see the partitions that others have attached
  -- meanwhile.
  LOCK TABLE ONLY ringback.attempt IN SHARE UPDATE EXCLUSIVE MODE;
  FOR v_at IN SELECT DISTINCT t FROM unnest(p_times) AS t ORDER BY t LOOP
    CONTINUE WHEN EXISTS (SELECT 1 FROM ringback.attempt_partition WHERE from_at <= v_at AND to_at > v_at);
    SELECT span_ms INTO v_span FROM ringback.attempt_partition_span;
    v_from := v_at - (v_at % v_span + v_span) % v_span;
    -- The partitions before and after may have been created with another span.
    SELECT least(v_from + v_span, min(from_at)) INTO v_to FROM ringback.attempt_partition WHERE from_at > v_at;
    SELECT greatest(v_from, max(to_at)) INTO v_from FROM ringback.attempt_partition WHERE to_at <= v_at;
    v_name := 'attempt_' || replace(v_from::text, '-', 'minus_');
    EXECUTE format('CREATE TABLE ringback.%1$I (LIKE ringback.attempt INCLUDING DEFAULTS, PRIMARY KEY (id))', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (topic_id, seq)', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (subscription_id, started_at, id)', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (subscription_id, started_at, id) WHERE verdict <> 0', v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (subscription_id, status, started_at, id) WHERE verdict <> 0',
      v_name);
    EXECUTE format('CREATE INDEX ON ringback.%1$I (subscription_id, error_code, started_at, id) WHERE verdict <> 0',
      v_name);
    EXECUTE format('ALTER TABLE ringback.attempt ATTACH PARTITION ringback.%1$I FOR VALUES FROM (%2$s) TO (%3$s)',
      v_name, v_from, v_to);
    INSERT INTO ringback.attempt_partition (from_at, to_at, name) VALUES (v_from, v_to, v_name);
  END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION ringback.ensure_message_partition(p_id integer)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  -- Keeps other sessions from dropping a partition, because that needs an exclusive lock on this table.
  LOCK TABLE ONLY ringback.message IN ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT 1 FROM ringback.message_partition WHERE id = p_id) THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(ringback.partition_lock());
  -- ATTACH takes the same lock. Taking it also makes this session see the partitions that others have attached
  -- meanwhile.
  LOCK TABLE ONLY ringback.message IN SHARE UPDATE EXCLUSIVE MODE;
  IF EXISTS (SELECT 1 FROM ringback.message_partition WHERE id = p_id) THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE ringback.message_%s (LIKE ringback.message, PRIMARY KEY (topic_id, seq))', p_id);
  EXECUTE format('ALTER TABLE ringback.message ATTACH PARTITION ringback.message_%s FOR VALUES IN (%s)', p_id, p_id);
  INSERT INTO ringback.message_partition (id, ends_at) VALUES (p_id, ringback.message_partition_ends_at(p_id));
END $function$;

CREATE OR REPLACE FUNCTION ringback.examine_letters(p_subscription bigint, p_position bigint, p_through bigint, p_max integer, p_reasons text[], p_statuses bigint[], p_from bigint, p_to bigint)
 RETURNS TABLE(at bigint, seq bigint, matches boolean, pending boolean, letter bigint)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
  v_cursor ringback.subscription_cursor%ROWTYPE;
  v_unsettled bigint[];
BEGIN
  SELECT * INTO v_cursor FROM ringback.subscription_cursor c WHERE c.subscription_id = p_subscription;
  v_unsettled := v_cursor.returned_seqs || ARRAY (
    SELECT unnest(c.seqs) FROM ringback.claim c WHERE c.subscription_id = p_subscription);
  RETURN QUERY
  SELECT d.id, d.seq,
    (p_reasons = '{}' OR d.reason = ANY (p_reasons))
      AND (p_statuses = '{}' OR coalesce(d.last_status = ANY (p_statuses), false))
      AND d.died_at >= coalesce(p_from, d.died_at) AND d.died_at <= coalesce(p_to, d.died_at),
    d.seq > v_cursor.scanned_through OR d.seq = ANY (v_unsettled)
      OR EXISTS (SELECT 1 FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq = d.seq),
    d.id
  FROM ringback.dead_letter d
  WHERE d.subscription_id = p_subscription AND d.redriven_at IS NULL AND d.id > p_position AND d.id <= p_through
  ORDER BY d.id LIMIT p_max;
END $function$;

CREATE OR REPLACE FUNCTION ringback.examine_log(p_topic bigint, p_position bigint, p_through bigint, p_max integer, p_target bigint, p_routes text[], p_failed_of bigint)
 RETURNS TABLE(at bigint, seq bigint, matches boolean, pending boolean, letter bigint)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
  v_log ringback.topic_log%ROWTYPE;
  v_target ringback.subscription_cursor%ROWTYPE;
  v_failed ringback.subscription_cursor%ROWTYPE;
  v_unsettled bigint[];
  v_segment record;
  v_end bigint;
  v_count integer;
BEGIN
  SELECT * INTO v_log FROM ringback.topic_log l WHERE l.topic_id = p_topic;
  SELECT * INTO v_target FROM ringback.subscription_cursor c WHERE c.subscription_id = p_target;
  SELECT * INTO v_failed FROM ringback.subscription_cursor c WHERE c.subscription_id = p_failed_of;
  v_unsettled := v_target.returned_seqs || ARRAY (
    SELECT unnest(c.seqs) FROM ringback.claim c WHERE c.subscription_id = p_target);
  -- Makes this session see partitions that other sessions have just created: see take_from_log.
  PERFORM pg_advisory_xact_lock_shared(ringback.partition_lock());
  LOCK TABLE ONLY ringback.message IN ROW SHARE MODE;
  WHILE p_position < p_through AND p_max > 0 LOOP
    v_segment := ringback.segment_at(v_log, p_position + 1);
    v_end := least(v_segment.through, p_through);
    RETURN QUERY
    SELECT x.seq, x.seq, x.matches, x.matches AND (x.seq > v_target.scanned_through OR x.seq = ANY (v_unsettled)
        OR EXISTS (SELECT 1 FROM ringback.parked p WHERE p.subscription_id = p_target AND p.seq = x.seq)),
      CASE WHEN x.matches THEN ringback.listed_letter(p_target, x.seq) END
    FROM (
      SELECT m.seq, CASE
        WHEN v_target.tags IS NOT NULL AND NOT coalesce(m.tags && v_target.tags, false) THEN false
        WHEN v_target.routes IS NOT NULL AND NOT coalesce(
          CASE m.type WHEN '' THEN '' ELSE '.' || m.type END ~ ANY (v_target.routes), false) THEN false
        WHEN p_routes IS NOT NULL AND NOT coalesce(
          CASE m.type WHEN '' THEN '' ELSE '.' || m.type END ~ ANY (p_routes), false) THEN false
        WHEN p_failed_of IS NULL THEN true
        ELSE ringback.has_failed(v_failed, m.seq) END AS matches
      FROM ringback.message m
      WHERE m.partition_id = v_segment.partition_id AND m.topic_id = p_topic AND m.seq > p_position AND m.seq <= v_end
      ORDER BY m.seq LIMIT p_max) x;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    p_max := p_max - v_count;
    -- A position without a message means that the database is damaged. The position is skipped.
    p_position := v_end;
  END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION ringback.expire_unclaimed(p_log topic_log, p_partition integer, p_through bigint)
 RETURNS TABLE(subscription_id bigint, count bigint)
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH missed AS MATERIALIZED (
    SELECT c.subscription_id,
      (SELECT count(*) FROM unnest(c.returned_seqs) AS s WHERE s >= p_log.first_seq AND s <= p_through)
      + CASE WHEN c.scanned_through >= p_through THEN 0
        WHEN c.tags IS NULL AND c.routes IS NULL THEN p_through - greatest(c.scanned_through, p_log.first_seq - 1)
        ELSE (SELECT count(*) FROM ringback.message m WHERE m.partition_id = p_partition AND m.topic_id = p_log.topic_id
          AND m.seq > greatest(c.scanned_through, p_log.first_seq - 1) AND m.seq <= p_through
          AND (c.tags IS NULL OR coalesce(m.tags && c.tags, false))
          AND (c.routes IS NULL
            OR coalesce(CASE m.type WHEN '' THEN '' ELSE '.' || m.type END ~ ANY (c.routes), false)))
        END AS missed
    FROM ringback.subscription_cursor c
    WHERE c.topic_id = p_log.topic_id AND (c.scanned_through < p_through OR cardinality(c.returned_seqs) > 0)
  )
  UPDATE ringback.subscription_cursor c SET expired = c.expired + x.missed,
    scanned_through = greatest(c.scanned_through, p_through),
    returned_seqs = ARRAY (SELECT s FROM unnest(c.returned_seqs) AS s WHERE s > p_through)
  FROM missed x WHERE c.subscription_id = x.subscription_id AND x.missed > 0 RETURNING c.subscription_id, x.missed;
END $function$;

CREATE OR REPLACE FUNCTION ringback.expired_through(p_log topic_log, p_partition integer, p_wall bigint, p_messages_max integer)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_claimed bigint;
  v_segment_end bigint;
  v_through bigint;
BEGIN
  -- A redriven delivery has its message in its dead letter.
  SELECT min(x.seq) INTO v_claimed FROM ringback.subscription_cursor c
    JOIN ringback.claim l ON l.subscription_id = c.subscription_id
    CROSS JOIN LATERAL (
      SELECT s AS seq FROM unnest(l.seqs) AS s
      UNION ALL
      SELECT p.seq FROM ringback.parked p
        WHERE p.subscription_id = l.subscription_id AND p.seq = ANY (l.parked) AND p.dead_letter_id IS NULL
    ) x
    WHERE c.topic_id = p_log.topic_id AND x.seq >= p_log.first_seq;
  v_segment_end := coalesce((SELECT s.first_seq - 1 FROM ringback.segment s
    WHERE s.topic_id = p_log.topic_id AND s.first_seq > p_log.first_seq ORDER BY s.first_seq LIMIT 1), p_log.last_seq);
  -- A message is at least as old as each later one, also when the clock was ahead and its publishing time is too late.
  -- So if the last message that this step may remove is old enough, those before it are too.
  v_through := least(v_segment_end, p_log.first_seq + p_messages_max - 1, v_claimed - 1);
  IF v_through >= p_log.first_seq AND NOT EXISTS (SELECT 1 FROM ringback.message m WHERE m.partition_id = p_partition
      AND m.topic_id = p_log.topic_id AND m.seq = v_through AND m.published_at <= p_wall - p_log.retention_ms)
    AND NOT EXISTS (SELECT 1 FROM ringback.message_at(p_log.topic_id, v_segment_end + 1) m
      WHERE m.published_at <= p_wall - p_log.retention_ms) THEN
    -- Includes all positions up to the last message that is old enough, and those before the next message. Positions
    -- without any message mean that the database is damaged.
    v_through := least(v_through, (SELECT min(o.seq) FILTER (WHERE NOT o.has_older_after) - 1 FROM (
      SELECT m.seq, coalesce(bool_or(m.published_at <= p_wall - p_log.retention_ms) OVER (
          ORDER BY m.seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), false) AS has_older_after
        FROM ringback.message m WHERE m.partition_id = p_partition AND m.topic_id = p_log.topic_id
        AND m.seq >= p_log.first_seq AND m.seq <= v_through ORDER BY m.seq LIMIT p_messages_max) o));
  END IF;
  RETURN v_through;
END $function$;

CREATE OR REPLACE FUNCTION ringback.find_expired_parked(p_log topic_log, p_partition integer, p_dead_letters_max integer, p_bytes_max bigint, INOUT through bigint, OUT subscriptions bigint[], OUT seqs bigint[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_too_many bigint;
BEGIN
  SELECT array_agg(b.subscription_id) FILTER (WHERE b.fits), array_agg(b.seq) FILTER (WHERE b.fits),
    min(b.seq) FILTER (WHERE NOT b.fits) INTO subscriptions, seqs, v_too_many
  FROM (
    SELECT w.subscription_id, w.seq, w.number = 1 OR (w.number <= p_dead_letters_max AND w.bytes <= p_bytes_max) AS fits
    FROM (
      SELECT p.subscription_id, p.seq, row_number() OVER s AS number, sum(octet_length(m.body)) OVER s AS bytes
      FROM (
        SELECT p.subscription_id, p.seq FROM ringback.subscription_cursor c
        JOIN ringback.parked p ON p.subscription_id = c.subscription_id
        WHERE c.topic_id = p_log.topic_id AND p.seq <= through AND p.dead_letter_id IS NULL
        ORDER BY p.seq, p.subscription_id LIMIT p_dead_letters_max + 1
      ) p, LATERAL (SELECT m.body FROM ringback.message m
        WHERE m.partition_id = p_partition AND m.topic_id = p_log.topic_id AND m.seq = p.seq LIMIT 1) m
      WINDOW s AS (ORDER BY p.seq, p.subscription_id)
    ) w
  ) b;
  IF v_too_many IS NOT NULL THEN
    through := v_too_many - 1;
    IF through >= p_log.first_seq THEN
      SELECT array_agg(b.subscription_id), array_agg(b.seq) INTO subscriptions, seqs
        FROM unnest(subscriptions, seqs) AS b (subscription_id, seq) WHERE b.seq <= through;
    END IF;
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION ringback.has_failed(p_cursor subscription_cursor, p_seq bigint)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF p_seq > p_cursor.scanned_through OR p_seq = ANY (p_cursor.returned_seqs)
    OR EXISTS (SELECT 1 FROM ringback.parked p
      WHERE p.subscription_id = p_cursor.subscription_id AND p.seq = p_seq)
    OR EXISTS (SELECT 1 FROM ringback.claim c
      WHERE c.subscription_id = p_cursor.subscription_id AND p_seq = ANY (c.seqs))
  THEN RETURN false; END IF;
  RETURN ringback.listed_letter(p_cursor.subscription_id, p_seq) IS NOT NULL OR coalesce(
    -- The index of the message finds its few attempts; an index of the subscription could find millions.
    (SELECT x.verdict <> 0 FROM (SELECT a.id, a.verdict FROM ringback.attempt a
      WHERE a.topic_id = p_cursor.topic_id AND a.seq = p_seq AND a.subscription_id + 0 = p_cursor.subscription_id
      OFFSET 0) x ORDER BY x.id DESC LIMIT 1), false);
END $function$;

CREATE OR REPLACE FUNCTION ringback.is_key_blocked(p_subscription bigint, p_key text)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
BEGIN
  RETURN EXISTS (SELECT 1 FROM ringback.parked WHERE subscription_id = p_subscription AND ordering_key = p_key);
END $function$;

CREATE OR REPLACE FUNCTION ringback.known_nodes(p_node bigint, p_now bigint, p_steady_ms bigint, OUT alive bigint[], OUT has_others boolean)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
BEGIN
  SELECT CASE WHEN bool_or(n.id = p_node AND n.beating_since <= p_now - p_steady_ms) THEN array_agg(n.id) END,
    coalesce(bool_or(n.id <> p_node), false)
    INTO alive, has_others FROM ringback.node n WHERE n.alive_until > p_now;
END $function$;

CREATE OR REPLACE FUNCTION ringback.listed_letter(p_subscription bigint, p_seq bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
AS $function$
BEGIN
  RETURN (SELECT max(d.id + 0) FROM ringback.dead_letter d
    WHERE d.subscription_id = p_subscription AND d.seq = p_seq AND d.redriven_at IS NULL);
END $function$;

CREATE OR REPLACE FUNCTION ringback.lock_attempt_partitions(p_times bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF cardinality(p_times) = 0 THEN RETURN; END IF;
  -- This lock keeps other sessions from dropping a partition. Most often one partition covers all of the times.
  LOCK TABLE ONLY ringback.attempt IN ROW EXCLUSIVE MODE;
  IF NOT EXISTS (SELECT 1 FROM (SELECT min(t) AS first, max(t) AS last FROM unnest(p_times) AS t) x, LATERAL (
      SELECT r.to_at FROM ringback.attempt_partition r WHERE r.from_at <= x.first ORDER BY r.from_at DESC LIMIT 1) r
      WHERE r.to_at > x.last) THEN
    PERFORM ringback.ensure_attempt_partitions(p_times);
  END IF;
END $function$;

CREATE OR REPLACE FUNCTION ringback.lock_logs(p_topics bigint[], p_wall bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_partition integer;
BEGIN
  PERFORM 1 FROM ringback.topic_log WHERE topic_id = ANY (p_topics) ORDER BY topic_id FOR UPDATE;
  -- The partition that a log was last written to exists. Most appends continue in it.
  FOR v_partition IN
    SELECT DISTINCT x.partition_id FROM ringback.topic_log l, LATERAL (
      SELECT ringback.message_partition_id(l.retention_ms, ringback.publishing_time(l.last_published_at, p_wall)) AS partition_id) x
    WHERE l.topic_id = ANY (p_topics) AND l.partition_id IS DISTINCT FROM x.partition_id ORDER BY x.partition_id
  LOOP
    PERFORM ringback.ensure_message_partition(v_partition);
  END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION ringback.message_at(p_topic bigint, p_seq bigint)
 RETURNS SETOF message
 LANGUAGE plpgsql
 STABLE ROWS 1
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
  v_partition integer := (SELECT s.partition_id FROM ringback.segment s
    WHERE s.topic_id = p_topic AND s.first_seq <= p_seq ORDER BY s.first_seq DESC LIMIT 1);
BEGIN
  RETURN QUERY SELECT * FROM ringback.message m
    WHERE m.partition_id = v_partition AND m.topic_id = p_topic AND m.seq = p_seq;
END $function$;

CREATE OR REPLACE FUNCTION ringback.message_partition_ends_at(p_id integer)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
RETURN (((p_id % 100000000) + 1) * message_partition_span_ms((p_id / 100000000)));

CREATE OR REPLACE FUNCTION ringback.message_partition_id(p_retention_ms bigint, p_published_at bigint)
 RETURNS integer
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
DECLARE
  v_class integer := CASE WHEN p_retention_ms <= 3600000 THEN 1 WHEN p_retention_ms <= 86400000 THEN 2
    WHEN p_retention_ms <= 604800000 THEN 3 WHEN p_retention_ms <= 3024000000 THEN 4 ELSE 5 END;
BEGIN
  RETURN v_class * 100000000 + p_published_at / ringback.message_partition_span_ms(v_class);
END $function$;

CREATE OR REPLACE FUNCTION ringback.message_partition_span_ms(p_class integer)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
RETURN (ARRAY[(450000)::bigint, (10800000)::bigint, (75600000)::bigint, (378000000)::bigint, '3942000000'::bigint])[p_class];

CREATE OR REPLACE FUNCTION ringback.now_ms()
 RETURNS bigint
 LANGUAGE sql
RETURN ((EXTRACT(epoch FROM clock_timestamp()) * (1000)::numeric))::bigint;

CREATE OR REPLACE FUNCTION ringback.park_copies(p_replay bigint, p_target bigint, p_topic bigint, p_apart boolean, p_wall bigint, p_seqs bigint[], p_dues bigint[], p_letters bigint[])
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
  INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries, dead_letter_id, replay_id, apart)
  SELECT p_target, g.seq, g.due_at, coalesce(
      (SELECT d.attempts FROM ringback.dead_letter d WHERE d.id = g.letter),
      (SELECT max(a.attempt) FROM ringback.attempt a
        WHERE a.topic_id = p_topic AND a.seq = g.seq AND a.subscription_id + 0 = p_target), 0),
    0, g.letter, p_replay, p_apart
  FROM unnest(p_seqs, p_dues, p_letters) AS g (seq, due_at, letter);
  UPDATE ringback.dead_letter d SET redriven_at = p_wall WHERE d.id = ANY (p_letters);
END $function$;

CREATE OR REPLACE FUNCTION ringback.park_from_log(p_subscription bigint, p_seq bigint, p_deliver_at bigint, p_key text, p_now bigint)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_is_delayed boolean := coalesce(p_deliver_at > p_now, false);
  v_due bigint := CASE WHEN v_is_delayed THEN p_deliver_at
    ELSE ringback.due_in_key(p_subscription, p_key, p_seq, p_now) END;
BEGIN
  INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries, ordering_key)
    VALUES (p_subscription, p_seq, v_due, 0, 0, CASE WHEN NOT v_is_delayed THEN p_key END);
  RETURN coalesce(v_due <= p_now, false);
END $function$;

CREATE OR REPLACE FUNCTION ringback.partition_lock()
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
RETURN '8243118316933116782'::bigint;

CREATE OR REPLACE FUNCTION ringback.prepare_attempt_partitions(p_now bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_now bigint := coalesce(p_now[2], ringback.now_ms());
  v_to bigint;
BEGIN
  SELECT r.to_at INTO v_to FROM ringback.attempt_partition r WHERE r.from_at <= v_now AND r.to_at > v_now
    AND r.to_at - (SELECT span_ms FROM ringback.attempt_partition_span) / 4 <= v_now;
  IF v_to IS NULL OR EXISTS (SELECT 1 FROM ringback.attempt_partition WHERE from_at = v_to) THEN RETURN; END IF;
  LOCK TABLE ONLY ringback.attempt IN ROW EXCLUSIVE MODE;
  PERFORM ringback.ensure_attempt_partitions(ARRAY[v_to]);
END $function$;

CREATE OR REPLACE FUNCTION ringback.prepare_message_partitions(p_now bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_now bigint := coalesce(p_now[2], ringback.now_ms());
  v_partition integer;
BEGIN
  FOR v_partition IN
    SELECT m.id + 1 FROM ringback.message_partition m WHERE m.ends_at > v_now
      AND m.ends_at - ringback.message_partition_span_ms(m.id / 100000000) / 4 <= v_now
      AND EXISTS (SELECT 1 FROM ringback.segment s WHERE s.partition_id = m.id)
      AND NOT EXISTS (SELECT 1 FROM ringback.message_partition n WHERE n.id = m.id + 1)
  LOOP
    PERFORM ringback.ensure_message_partition(v_partition);
  END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION ringback.publishing_time(p_last bigint, p_wall bigint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
RETURN CASE WHEN ((p_last > p_wall) AND ((p_last - p_wall) <= 60000)) THEN p_last ELSE p_wall END;

CREATE OR REPLACE FUNCTION ringback.read_from_log(p_topic bigint, p_partition integer, p_seqs bigint[], p_partitions integer[])
 RETURNS TABLE(seq bigint, attempts bigint, retries bigint, first_attempt_at bigint, apart boolean, topic_id bigint, published_at bigint, deliver_at bigint, content_type text, tags text[], type text, ordering_key text, attributes text, request text, body bytea)
 LANGUAGE sql
 STABLE
AS $function$
  SELECT m.seq, 0::bigint, 0::bigint, NULL::bigint, false, m.topic_id, m.published_at, m.deliver_at, m.content_type,
    m.tags, m.type, m.ordering_key, m.attributes, m.request, m.body
  FROM unnest(p_seqs, p_partitions) AS s (seq, partition_id), LATERAL (SELECT * FROM ringback.message m
    WHERE m.partition_id = p_partition AND m.topic_id = p_topic AND m.seq = s.seq LIMIT 1) m
  WHERE s.partition_id = p_partition
$function$;

CREATE OR REPLACE FUNCTION ringback.read_parked(p_subscription bigint, p_topic bigint, p_seqs bigint[])
 RETURNS TABLE(seq bigint, attempts bigint, retries bigint, first_attempt_at bigint, apart boolean, topic_id bigint, published_at bigint, deliver_at bigint, content_type text, tags text[], type text, ordering_key text, attributes text, request text, body bytea)
 LANGUAGE sql
 STABLE
AS $function$
  SELECT p.seq, p.attempts, p.retries, p.first_attempt_at, p.apart, p_topic, x.published_at, x.deliver_at,
    x.content_type, x.tags, x.type, x.ordering_key, x.attributes, x.request, x.body
  FROM unnest(p_seqs) AS s, LATERAL (
    SELECT * FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq = s LIMIT 1) p, LATERAL (
    SELECT m.published_at, m.deliver_at, m.content_type, m.tags, m.type, m.ordering_key, m.attributes, m.request, m.body
      FROM ringback.message_at(p_topic, p.seq) m WHERE p.dead_letter_id IS NULL
    UNION ALL
    SELECT d.published_at, d.deliver_at, d.content_type, d.tags, d.type, d.ordering_key, d.attributes, d.request, d.body
      FROM ringback.dead_letter d WHERE d.id = p.dead_letter_id
    LIMIT 1) x
$function$;

CREATE OR REPLACE FUNCTION ringback.reclaim_lapsed(p_subscription bigint, p_ordering text, p_node bigint, p_now bigint, p_alive bigint[], INOUT returned bigint[], OUT count integer, OUT lease_end bigint, OUT parked bigint[], OUT foreign_keys text[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_claim ringback.claim%ROWTYPE;
  v_back bigint[];
BEGIN
  count := 0; parked := '{}'; foreign_keys := '{}';
  FOR v_claim IN SELECT * FROM ringback.claim c WHERE c.subscription_id = p_subscription LOOP
    IF v_claim.lease_until <= p_now OR v_claim.node_id <> ALL (p_alive) THEN
      DELETE FROM ringback.claim c
        WHERE c.id = (SELECT l.id FROM ringback.claim l WHERE l.id = v_claim.id AND l.lease_until = v_claim.lease_until
          FOR UPDATE SKIP LOCKED)
        RETURNING c.seqs INTO v_back;
      IF FOUND THEN
        returned := returned || v_back;
        CONTINUE;
      END IF;
    END IF;
    count := count + cardinality(v_claim.seqs) + cardinality(v_claim.parked);
    lease_end := least(lease_end, v_claim.lease_until);
    parked := parked || v_claim.parked;
    IF v_claim.node_id <> p_node AND p_ordering = 'key' THEN
      foreign_keys := foreign_keys || v_claim.keys || v_claim.parked_keys;
    END IF;
  END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION ringback.reclaim_lapsed_of_topic(p_topic bigint, p_now bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  WITH lapsed AS MATERIALIZED (
    SELECT l.id FROM ringback.subscription_cursor c JOIN ringback.claim l ON l.subscription_id = c.subscription_id
      WHERE c.topic_id = p_topic AND l.lease_until <= p_now FOR UPDATE OF l SKIP LOCKED
  ), gone AS (
    DELETE FROM ringback.claim l USING lapsed WHERE l.id = lapsed.id RETURNING l.subscription_id, l.seqs
  ), back AS (
    SELECT g.subscription_id, array_agg(s) AS seqs FROM gone g, unnest(g.seqs) AS s GROUP BY g.subscription_id
  )
  UPDATE ringback.subscription_cursor c SET returned_seqs = c.returned_seqs || b.seqs
    FROM back b WHERE c.subscription_id = b.subscription_id;
END $function$;

CREATE OR REPLACE FUNCTION ringback.record_attempts(p_ordinals integer[], p_topics bigint[], p_subscriptions bigint[], p_seqs bigint[], p_attempts bigint[], p_started bigint[], p_durations bigint[], p_verdicts smallint[], p_statuses bigint[], p_error_codes text[], p_error_details text[], p_reply_offsets integer[], p_reply_sizes integer[], p_replies bytea)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_count integer;
BEGIN
  PERFORM ringback.lock_attempt_partitions(
    ARRAY (SELECT p_started[n] FROM unnest(p_ordinals) AS n WHERE p_attempts[n] IS NOT NULL));
  INSERT INTO ringback.attempt
    (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code, error_detail,
    reply)
  SELECT o.topic_id, p_seqs[o.n], p_subscriptions[o.n], p_attempts[o.n], p_started[o.n], p_durations[o.n],
    p_verdicts[o.n], p_statuses[o.n], p_error_codes[o.n], p_error_details[o.n],
    CASE WHEN p_reply_sizes[o.n] IS NOT NULL THEN substr(p_replies, p_reply_offsets[o.n] + 1, p_reply_sizes[o.n]) END
  FROM unnest(p_ordinals, p_topics) AS o (n, topic_id) WHERE p_attempts[o.n] IS NOT NULL ORDER BY o.n;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $function$;

CREATE OR REPLACE FUNCTION ringback.remove_copies(p_replay bigint, p_target bigint, p_now bigint, p_later_ms bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
DECLARE
  v_keys text[];
  v_count integer;
BEGIN
  WITH gone AS (
    DELETE FROM ringback.parked p WHERE p.replay_id = p_replay AND p.seq <> ALL (ARRAY (
      SELECT unnest(c.parked) FROM ringback.claim c WHERE c.subscription_id = p_target))
    RETURNING p.ordering_key, p.dead_letter_id, p.attempts
  ), listed AS (
    UPDATE ringback.dead_letter d SET redriven_at = NULL, attempts = g.attempts FROM gone g
    WHERE d.id = g.dead_letter_id
  )
  SELECT array_agg(g.ordering_key) FILTER (WHERE g.ordering_key IS NOT NULL), count(*)
    INTO v_keys, v_count FROM gone g;
  IF v_keys IS NOT NULL THEN
    PERFORM ringback.unblock_keys(array_fill(p_target, ARRAY[cardinality(v_keys)]), v_keys, p_now);
  END IF;
  -- A copy that a claim returns without an attempt is not claimed again before the next step removes it.
  UPDATE ringback.parked p SET due_at = p_now + p_later_ms WHERE p.replay_id = p_replay AND p.due_at IS NOT NULL;
  RETURN v_count;
END $function$;

CREATE OR REPLACE FUNCTION ringback.remove_from_claims(p_node bigint, p_claims bigint[], p_subscriptions bigint[], p_topics bigint[], p_seqs bigint[], OUT ordinals integer[], OUT topics bigint[], OUT from_parked boolean[])
 RETURNS record
 LANGUAGE plpgsql
AS $function$
BEGIN
  WITH locked AS MATERIALIZED (
    SELECT c.id, c.subscription_id, c.seqs, c.parked FROM ringback.claim c
      WHERE c.id = ANY (p_claims) AND c.node_id = p_node ORDER BY c.id FOR UPDATE
  ), claimed AS MATERIALIZED (
    SELECT s.ordinal::integer AS ordinal, s.claim_id, s.seq, s.seq = ANY (l.parked) AS from_parked
    FROM unnest(p_claims, p_subscriptions, p_seqs) WITH ORDINALITY AS s (claim_id, subscription_id, seq, ordinal)
    JOIN locked l ON l.id = s.claim_id AND l.subscription_id = s.subscription_id
    WHERE s.seq = ANY (l.seqs) OR s.seq = ANY (l.parked)
  ), leaving AS MATERIALIZED (
    SELECT d.claim_id, array_agg(d.seq) AS seqs FROM claimed d GROUP BY d.claim_id
  ), ended AS (
    DELETE FROM ringback.claim c USING leaving g
      WHERE c.id = ANY (p_claims) AND c.id = g.claim_id
        AND cardinality(c.seqs) + cardinality(c.parked) = cardinality(g.seqs)
  ), continued AS (
    UPDATE ringback.claim c SET
      (seqs, keys) = (SELECT coalesce(array_agg(x.seq ORDER BY x.index), '{}'), array_agg(x.key ORDER BY x.index)
        FROM unnest(c.seqs, c.keys) WITH ORDINALITY AS x (seq, key, index) WHERE x.seq <> ALL (g.seqs)),
      (parked, parked_keys) = (
        SELECT coalesce(array_agg(x.seq ORDER BY x.index), '{}'), array_agg(x.key ORDER BY x.index)
        FROM unnest(c.parked, c.parked_keys) WITH ORDINALITY AS x (seq, key, index) WHERE x.seq <> ALL (g.seqs))
    FROM leaving g
    WHERE c.id = ANY (p_claims) AND c.id = g.claim_id
      AND cardinality(c.seqs) + cardinality(c.parked) > cardinality(g.seqs)
  )
  SELECT array_agg(d.ordinal), array_agg(p_topics[d.ordinal]), array_agg(d.from_parked)
    INTO ordinals, topics, from_parked FROM claimed d;
END $function$;

CREATE OR REPLACE FUNCTION ringback.renew_claims(p_now bigint[], p_node bigint, p_lease_ms bigint, p_claims bigint[])
 RETURNS TABLE(id bigint)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint := coalesce(p_now[1], ringback.steady_ms());
BEGIN
  RETURN QUERY
  WITH valid AS MATERIALIZED (
    SELECT id FROM ringback.claim WHERE id = ANY (p_claims) AND node_id = p_node AND lease_until > v_now
      ORDER BY id FOR UPDATE
  )
  UPDATE ringback.claim c SET lease_until = greatest(c.lease_until, v_now + p_lease_ms)
    FROM valid WHERE c.id = ANY (p_claims) AND c.id = valid.id RETURNING c.id;
END $function$;

CREATE OR REPLACE FUNCTION ringback.reserve_starts(p_now bigint[], p_ahead_ms bigint, p_subscriptions bigint[], p_intervals double precision[], p_bursts integer[], p_counts integer[], p_spans double precision[])
 RETURNS TABLE(reserved integer, first_in double precision, now bigint)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
  v_before ringback.start_schedule%ROWTYPE;
  v_interval double precision;
  v_burst integer;
  v_rested_at double precision;
  v_from double precision;
BEGIN
  -- The rows do not survive a crash, so their commit need not wait for the disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  FOR v_request IN 1 .. cardinality(p_subscriptions) LOOP
    v_interval := p_intervals[v_request]; v_burst := p_bursts[v_request];
    SELECT * INTO v_before FROM ringback.start_schedule s WHERE s.subscription_id = p_subscriptions[v_request]
      FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO ringback.start_schedule (subscription_id, interval_ms, burst, rested_at)
        SELECT c.subscription_id, v_interval, v_burst, 0 FROM ringback.subscription_cursor c
          WHERE c.subscription_id = p_subscriptions[v_request]
        ON CONFLICT (subscription_id) DO NOTHING;
      SELECT * INTO v_before FROM ringback.start_schedule s WHERE s.subscription_id = p_subscriptions[v_request]
        FOR UPDATE;
    END IF;
    -- The clock is read after the wait for the row.
    now := coalesce(p_now[1], ringback.steady_ms());
    IF v_before.subscription_id IS NULL THEN
      reserved := 0; first_in := p_ahead_ms;
      RETURN NEXT;
      CONTINUE;
    END IF;
    v_rested_at := v_before.rested_at;
    IF v_before.interval_ms <> v_interval OR v_before.burst <> v_burst THEN
      v_rested_at := now + v_interval * (v_burst - least(v_burst, greatest(0,
        v_before.burst - greatest(0, (v_rested_at - now) / v_before.interval_ms))));
    END IF;
    v_rested_at := greatest(now, v_rested_at);
    first_in := v_rested_at - (v_burst - 1) * v_interval - now;
    v_from := greatest(first_in, 0);
    reserved := CASE WHEN v_from > p_ahead_ms THEN 0 ELSE least(p_counts[v_request],
      greatest(1, ceil((v_from + p_spans[v_request] - first_in) / v_interval))) END;
    UPDATE ringback.start_schedule s
      SET interval_ms = v_interval, burst = v_burst, rested_at = v_rested_at + reserved * v_interval
      WHERE s.subscription_id = p_subscriptions[v_request];
    RETURN NEXT;
  END LOOP;
END $function$;

CREATE OR REPLACE FUNCTION ringback.retention_lock()
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE
RETURN '8243118316933116781'::bigint;

CREATE OR REPLACE FUNCTION ringback.rewind(p_subscription bigint, p_from bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
BEGIN
  PERFORM 1 FROM ringback.claim l WHERE l.subscription_id = p_subscription ORDER BY l.id FOR UPDATE;
  UPDATE ringback.claim l SET
    (seqs, keys) = (SELECT coalesce(array_agg(x.seq ORDER BY x.index), '{}'), array_agg(x.key ORDER BY x.index)
      FROM unnest(l.seqs, l.keys) WITH ORDINALITY AS x (seq, key, index) WHERE x.seq < p_from),
    (parked, parked_keys) = (
      SELECT coalesce(array_agg(x.seq ORDER BY x.index), '{}'), array_agg(x.key ORDER BY x.index)
      FROM unnest(l.parked, l.parked_keys) WITH ORDINALITY AS x (seq, key, index) WHERE x.seq < p_from)
    WHERE l.subscription_id = p_subscription;
  DELETE FROM ringback.claim l
    WHERE l.subscription_id = p_subscription AND cardinality(l.seqs) + cardinality(l.parked) = 0;
  WITH gone AS (
    DELETE FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq >= p_from
      RETURNING p.dead_letter_id
  )
  DELETE FROM ringback.dead_letter d
    WHERE d.id = ANY (ARRAY (SELECT g.dead_letter_id FROM gone g WHERE g.dead_letter_id IS NOT NULL));
  UPDATE ringback.subscription_cursor c SET scanned_through = least(c.scanned_through, p_from - 1),
    returned_seqs = ARRAY (SELECT s FROM unnest(c.returned_seqs) AS s WHERE s < p_from)
    WHERE c.subscription_id = p_subscription;
END $function$;

CREATE OR REPLACE FUNCTION ringback.scan_segment(p_cursor subscription_cursor, p_take log_take, p_returned bigint[], p_foreign_keys text[], p_partition integer, p_through bigint, p_now bigint, p_room integer, p_bytes_max bigint, p_scan_max integer, p_returned_max integer)
 RETURNS log_take
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_row record;
  v_key text;
  v_count integer := p_take.count;
  v_bytes bigint := p_take.bytes;
  v_seqs bigint[] := p_take.seqs;
  v_keys text[] := p_take.keys;
  v_seq_partitions integer[] := p_take.seq_partitions;
  v_partitions integer[] := p_take.partitions;
  v_after bigint := p_take.scanned_through;
  v_scanned integer := p_take.scanned;
  v_parked integer := p_take.parked;
  v_left bigint[] := p_take.returned;
  v_stopped boolean := false;
  v_has_due boolean := p_take.has_due;
  v_waits boolean := p_take.waits;
BEGIN
  FOR v_row IN
    (SELECT s AS seq, octet_length(x.body) AS size, x.deliver_at, x.ordering_key, x.partition_id,
       true AS returned, true AS matches
     FROM unnest(p_returned) AS s, LATERAL ringback.message_at(p_cursor.topic_id, s) x
     ORDER BY s)
    UNION ALL
    (SELECT m.seq, octet_length(m.body), m.deliver_at, m.ordering_key, m.partition_id, false,
       (p_cursor.tags IS NULL OR coalesce(m.tags && p_cursor.tags, false))
       AND (p_cursor.routes IS NULL
         OR coalesce(CASE m.type WHEN '' THEN '' ELSE '.' || m.type END ~ ANY (p_cursor.routes), false))
     FROM ringback.message m
     WHERE m.partition_id = p_partition AND m.topic_id = p_cursor.topic_id AND m.seq > p_take.scanned_through
       AND m.seq <= p_through
     ORDER BY m.seq LIMIT p_scan_max - p_take.scanned)
  LOOP
    IF v_count >= p_room OR v_bytes >= p_bytes_max THEN
      v_stopped := true;
      EXIT;
    END IF;
    v_key := CASE p_cursor.ordering WHEN 'none' THEN NULL WHEN 'strict' THEN '' ELSE v_row.ordering_key END;
    IF v_key = ANY (p_foreign_keys) AND v_row.matches AND coalesce(v_row.deliver_at, 0) <= p_now THEN
      -- Another node has the key open: left for a claim after that node has settled it.
      v_waits := true;
      CONTINUE WHEN v_row.returned;
      v_stopped := cardinality(v_left) >= p_returned_max;
      EXIT WHEN v_stopped;
      v_left := v_left || v_row.seq;
      v_after := v_row.seq;
      v_scanned := v_scanned + 1;
      CONTINUE;
    END IF;
    IF v_row.returned THEN
      v_left := array_remove(v_left, v_row.seq);
    ELSE
      v_after := v_row.seq;
      v_scanned := v_scanned + 1;
      CONTINUE WHEN NOT v_row.matches;
    END IF;
    IF v_row.deliver_at > p_now OR (v_key IS NOT NULL AND ringback.is_key_blocked(p_cursor.subscription_id, v_key)) THEN
      v_has_due := ringback.park_from_log(p_cursor.subscription_id, v_row.seq, v_row.deliver_at, v_key, p_now)
        OR v_has_due;
      v_parked := v_parked + 1;
    ELSE
      v_seqs := v_seqs || v_row.seq;
      v_keys := v_keys || v_key;
      v_seq_partitions := v_seq_partitions || v_row.partition_id;
      IF v_row.partition_id <> ALL (v_partitions) THEN v_partitions := v_partitions || v_row.partition_id; END IF;
      v_bytes := v_bytes + v_row.size;
      v_count := v_count + 1;
    END IF;
  END LOOP;
  RETURN ROW(v_count, v_bytes, v_seqs, v_keys, v_seq_partitions, v_partitions, v_after, v_scanned, v_parked, v_left,
    v_stopped, v_has_due, v_waits, false)::ringback.log_take;
END $function$;

CREATE OR REPLACE FUNCTION ringback.segment_at(p_log topic_log, p_seq bigint, OUT partition_id integer, OUT through bigint)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
BEGIN
  partition_id := p_log.partition_id;
  through := p_log.last_seq;
  IF p_seq >= p_log.segment_first_seq THEN RETURN; END IF;
  partition_id := ringback.segment_partition_id(p_log.topic_id, p_seq);
  through := coalesce((SELECT s.first_seq - 1 FROM ringback.segment s
    WHERE s.topic_id = p_log.topic_id AND s.first_seq > p_seq ORDER BY s.first_seq LIMIT 1), through);
END $function$;

CREATE OR REPLACE FUNCTION ringback.segment_partition_id(p_topic bigint, p_seq bigint)
 RETURNS integer
 LANGUAGE sql
 STABLE
RETURN (SELECT s.partition_id FROM segment s WHERE ((s.topic_id = segment_partition_id.p_topic) AND (s.first_seq <= segment_partition_id.p_seq)) ORDER BY s.first_seq DESC LIMIT 1);

CREATE OR REPLACE FUNCTION ringback.seq_at(p_topic bigint, p_at bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
AS $function$
DECLARE
  v_low bigint;
  v_high bigint;
BEGIN
  SELECT l.first_seq, l.last_seq + 1 INTO v_low, v_high FROM ringback.topic_log l WHERE l.topic_id = p_topic;
  WHILE v_low < v_high LOOP
    IF (SELECT m.published_at FROM ringback.message_at(p_topic, (v_low + v_high) / 2) m) >= p_at THEN
      v_high := (v_low + v_high) / 2;
    ELSE
      v_low := (v_low + v_high) / 2 + 1;
    END IF;
  END LOOP;
  RETURN v_low;
END $function$;

CREATE OR REPLACE FUNCTION ringback.set_attempt_partition_span(p_retention_ms bigint)
 RETURNS void
 LANGUAGE sql
AS $function$
  UPDATE ringback.attempt_partition_span SET span_ms = x.span_ms
    FROM (SELECT greatest(1, (p_retention_ms + 28799999) / 28800000) * 3600000 AS span_ms) x
    WHERE attempt_partition_span.span_ms <> x.span_ms
$function$;

CREATE OR REPLACE FUNCTION ringback.settle(p_now bigint[], p_node bigint, p_exceptional bigint[], p_claims bigint[], p_subscriptions bigint[], p_topics bigint[], p_seqs bigint[], p_kinds smallint[], p_due_in bigint[], p_retries bigint[], p_reasons text[], p_ordering_keys text[], p_first_attempts bigint[], p_attempts bigint[], p_started bigint[], p_durations bigint[], p_verdicts smallint[], p_statuses bigint[], p_error_codes text[], p_error_details text[], p_reply_offsets integer[], p_reply_sizes integer[], p_replies bytea)
 RETURNS TABLE(settlement integer, ordered boolean)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
  v_removed record;
  v_count integer;
BEGIN
  PERFORM 1 FROM ringback.subscription_cursor c
    WHERE c.subscription_id = ANY (p_subscriptions)
      AND (c.ordering <> 'none' OR c.subscription_id = ANY (p_exceptional))
    ORDER BY c.subscription_id FOR UPDATE;
  v_removed := ringback.remove_from_claims(p_node, p_claims, p_subscriptions, p_topics, p_seqs);
  IF v_removed.ordinals IS NULL THEN RETURN; END IF;
  v_count := ringback.record_attempts(v_removed.ordinals, v_removed.topics, p_subscriptions, p_seqs, p_attempts,
    p_started, p_durations, p_verdicts, p_statuses, p_error_codes, p_error_details, p_reply_offsets, p_reply_sizes,
    p_replies);
  IF cardinality(p_exceptional) > 0 OR true = ANY (v_removed.from_parked) THEN
    v_count := ringback.settle_exceptions(coalesce(p_now[1], ringback.steady_ms()),
      coalesce(p_now[2], ringback.now_ms()), v_removed.ordinals, v_removed.topics,
      v_removed.from_parked, p_subscriptions, p_seqs, p_kinds, p_due_in, p_retries, p_reasons, p_ordering_keys,
      p_first_attempts, p_attempts, p_statuses, p_error_codes, p_error_details, p_reply_offsets, p_reply_sizes,
      p_replies);
  END IF;
  RETURN QUERY SELECT n, (SELECT c.ordering <> 'none' FROM ringback.subscription_cursor c
      WHERE c.subscription_id = p_subscriptions[n]) FROM unnest(v_removed.ordinals) AS n;
END $function$;

CREATE OR REPLACE FUNCTION ringback.settle_exceptions(p_now bigint, p_wall bigint, p_ordinals integer[], p_topics bigint[], p_from_parked boolean[], p_subscriptions bigint[], p_seqs bigint[], p_kinds smallint[], p_due_in bigint[], p_retries bigint[], p_reasons text[], p_ordering_keys text[], p_first_attempts bigint[], p_attempts bigint[], p_statuses bigint[], p_error_codes text[], p_error_details text[], p_reply_offsets integer[], p_reply_sizes integer[], p_replies bytea)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_row record;
  v_id bigint;
  v_ordered_id bigint;
  v_ordering text;
  v_key text;
  v_parked ringback.parked%ROWTYPE;
  v_attempts bigint;
  v_subscriptions bigint[] := '{}';
  v_keys text[] := '{}';
  v_count integer := 0;
BEGIN
  FOR v_row IN
    SELECT r.n, r.topic_id, r.from_parked, p_subscriptions[r.n] AS subscription_id, p_seqs[r.n] AS seq,
      p_kinds[r.n] AS kind
    FROM unnest(p_ordinals, p_topics, p_from_parked) AS r (n, topic_id, from_parked)
    WHERE r.from_parked OR p_kinds[r.n] <> 0 ORDER BY r.n
  LOOP
    v_count := v_count + 1;
    v_id := v_row.subscription_id;
    v_parked := NULL;
    IF v_row.from_parked AND v_row.kind <> 4 THEN
      SELECT * INTO v_parked FROM ringback.parked p WHERE p.subscription_id = v_id AND p.seq = v_row.seq;
    END IF;
    v_attempts := coalesce(v_parked.attempts, 0) + (p_attempts[v_row.n] IS NOT NULL)::integer;
    IF v_row.kind = 0 THEN
      DELETE FROM ringback.dead_letter d WHERE d.id = v_parked.dead_letter_id;
    ELSIF v_row.kind IN (1, 2) THEN
      IF v_id IS DISTINCT FROM v_ordered_id THEN
        v_ordered_id := v_id;
        SELECT c.ordering INTO v_ordering FROM ringback.subscription_cursor c WHERE c.subscription_id = v_id;
      END IF;
      v_key := CASE WHEN v_ordering = 'none' OR v_parked.apart THEN NULL WHEN v_ordering = 'strict' THEN ''
        ELSE p_ordering_keys[v_row.n] END;
      INSERT INTO ringback.parked AS p
        (subscription_id, seq, due_at, attempts, retries, first_attempt_at, ordering_key)
      VALUES (v_id, v_row.seq,
        -- A delivery without an ordering key does not wait for another delivery.
        CASE WHEN v_row.kind = 1 THEN p_now + p_due_in[v_row.n] WHEN v_key IS NULL THEN p_now
          ELSE ringback.due_in_key(v_id, v_key, v_row.seq, p_now) END,
        v_attempts,
        CASE v_row.kind WHEN 1 THEN p_retries[v_row.n] ELSE coalesce(v_parked.retries, 0) END,
        coalesce(v_parked.first_attempt_at, CASE v_row.kind WHEN 1 THEN p_first_attempts[v_row.n] END),
        v_key)
      -- A redriven delivery that fails again keeps its dead_letter_id. A copy that a cancelled replay has put off stays
      -- late.
      ON CONFLICT (subscription_id, seq) DO UPDATE SET
        due_at = CASE WHEN p.replay_id IS NULL OR excluded.due_at IS NULL THEN excluded.due_at
          ELSE greatest(p.due_at, excluded.due_at) END,
        attempts = excluded.attempts, retries = excluded.retries, first_attempt_at = excluded.first_attempt_at,
        ordering_key = excluded.ordering_key;
    ELSIF v_row.kind = 3 THEN
      PERFORM ringback.write_dead_letter(v_parked.dead_letter_id, v_id, v_row.topic_id, v_row.seq,
        p_reasons[v_row.n], v_attempts, p_wall, p_statuses[v_row.n], p_error_codes[v_row.n],
        p_error_details[v_row.n],
        CASE WHEN p_reply_sizes[v_row.n] IS NOT NULL
          THEN substr(p_replies, p_reply_offsets[v_row.n] + 1, p_reply_sizes[v_row.n]) END);
    ELSIF NOT v_row.from_parked THEN
      UPDATE ringback.subscription_cursor c SET returned_seqs = c.returned_seqs || v_row.seq
        WHERE c.subscription_id = v_id;
    END IF;
    IF v_row.from_parked AND v_row.kind IN (0, 3) THEN
      DELETE FROM ringback.parked p WHERE p.subscription_id = v_id AND p.seq = v_row.seq;
      IF v_parked.ordering_key IS NOT NULL THEN
        v_subscriptions := v_subscriptions || v_id;
        v_keys := v_keys || v_parked.ordering_key;
      END IF;
    END IF;
  END LOOP;
  -- Keys are unblocked last, when every settled row of a key has been deleted.
  IF v_keys <> '{}' THEN PERFORM ringback.unblock_keys(v_subscriptions, v_keys, p_now); END IF;
  RETURN v_count;
END $function$;

CREATE OR REPLACE FUNCTION ringback.settle_pulled(p_now bigint[], p_subscriptions bigint[], p_seqs bigint[], p_retries bigint[], p_first_attempts bigint[], p_due_in bigint[], p_attempts bigint[], p_started bigint[], p_durations bigint[], p_verdicts smallint[], p_statuses bigint[], p_error_codes text[], p_error_details text[], p_reply_offsets integer[], p_reply_sizes integer[], p_replies bytea)
 RETURNS TABLE(answer integer, unblocked boolean)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint;
  v_ordinals integer[];
  v_topics bigint[];
  v_rows tid[];
  v_dead_letters bigint[];
  v_subscriptions bigint[];
  v_keys text[];
  v_ordinal integer;
  v_count integer;
BEGIN
  PERFORM 1 FROM ringback.subscription_cursor c
    WHERE c.subscription_id = ANY (p_subscriptions) ORDER BY c.subscription_id FOR UPDATE;
  v_now := coalesce(p_now[1], ringback.steady_ms());

  SELECT array_agg(a.n::integer), array_agg(c.topic_id), array_agg(p.row_id) INTO v_ordinals, v_topics, v_rows
  FROM unnest(p_subscriptions, p_seqs, p_retries, p_first_attempts) WITH ORDINALITY
    AS a (subscription_id, seq, retries, first_attempt_at, n)
  CROSS JOIN LATERAL (
    SELECT p.ctid AS row_id FROM ringback.parked p WHERE p.subscription_id = a.subscription_id AND p.seq = a.seq
      AND p.retries = a.retries AND p.first_attempt_at = a.first_attempt_at AND p.due_at > v_now LIMIT 1) p
  CROSS JOIN LATERAL (
    SELECT c.topic_id FROM ringback.subscription_cursor c WHERE c.subscription_id = a.subscription_id LIMIT 1) c
  -- If the clock was set back, a delivery that is claimed already may appear to be invisible.
  WHERE NOT EXISTS (
    SELECT 1 FROM ringback.claim l WHERE l.subscription_id = a.subscription_id AND a.seq = ANY (l.parked));
  IF v_ordinals IS NULL THEN RETURN; END IF;

  WITH gone AS (
    DELETE FROM ringback.parked p WHERE p.ctid = ANY (ARRAY (
      SELECT x.row_id FROM unnest(v_ordinals, v_rows) AS x (n, row_id) WHERE p_due_in[x.n] IS NULL))
    RETURNING p.subscription_id, p.ordering_key, p.dead_letter_id
  )
  SELECT array_agg(g.dead_letter_id) FILTER (WHERE g.dead_letter_id IS NOT NULL),
    array_agg(g.subscription_id) FILTER (WHERE g.ordering_key IS NOT NULL),
    array_agg(g.ordering_key) FILTER (WHERE g.ordering_key IS NOT NULL)
    INTO v_dead_letters, v_subscriptions, v_keys FROM gone g;
  IF v_dead_letters IS NOT NULL THEN
    DELETE FROM ringback.dead_letter d WHERE d.id = ANY (v_dead_letters);
  END IF;
  IF v_keys IS NOT NULL THEN PERFORM ringback.unblock_keys(v_subscriptions, v_keys, v_now); END IF;
  FOR v_ordinal IN SELECT n FROM unnest(v_ordinals) AS n WHERE p_due_in[n] IS NOT NULL LOOP
    UPDATE ringback.parked p SET due_at = v_now + p_due_in[v_ordinal]
      WHERE p.subscription_id = p_subscriptions[v_ordinal] AND p.seq = p_seqs[v_ordinal];
  END LOOP;
  v_count := ringback.record_attempts(v_ordinals, v_topics, p_subscriptions, p_seqs, p_attempts, p_started, p_durations,
    p_verdicts, p_statuses, p_error_codes, p_error_details, p_reply_offsets, p_reply_sizes, p_replies);
  RETURN QUERY SELECT n, coalesce(p_subscriptions[n] = ANY (v_subscriptions), false) FROM unnest(v_ordinals) AS n;
END $function$;

CREATE OR REPLACE FUNCTION ringback.steady_ms()
 RETURNS bigint
 LANGUAGE sql
RETURN (SELECT (c.steady_at + GREATEST((0)::bigint, LEAST((now_ms() - c.wall_at), (10000)::bigint))) FROM clock c);

CREATE OR REPLACE FUNCTION ringback.take_from_log(p_cursor subscription_cursor, p_returned bigint[], p_foreign_keys text[], p_now bigint, p_from_log boolean, p_room integer, p_bytes_max bigint, p_scan_max integer, p_returned_max integer)
 RETURNS log_take
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_log ringback.topic_log%ROWTYPE;
  v_take ringback.log_take;
  v_segment record;
  v_knows_all boolean := false;
BEGIN
  SELECT * INTO v_log FROM ringback.topic_log l WHERE l.topic_id = p_cursor.topic_id;
  v_take := ROW(0, 0, '{}', '{}', '{}', '{}', greatest(p_cursor.scanned_through, v_log.first_seq - 1), 0, 0, p_returned,
    false, false, false, false)::ringback.log_take;
  IF p_from_log AND p_room > 0 AND p_bytes_max > 0
      AND (v_take.scanned_through < v_log.last_seq OR cardinality(p_returned) > 0)
      AND NOT (p_cursor.ordering = 'strict' AND ringback.is_key_blocked(p_cursor.subscription_id, '')) THEN
    LOOP
      v_segment := ringback.segment_at(v_log, v_take.scanned_through + 1);
      v_take := ringback.scan_segment(p_cursor, v_take, p_returned, p_foreign_keys, v_segment.partition_id,
        v_segment.through, p_now, p_room, p_bytes_max, p_scan_max, p_returned_max);
      EXIT WHEN v_take.is_stopped OR v_take.scanned >= p_scan_max OR v_take.count >= p_room
        OR v_take.bytes >= p_bytes_max;
      p_returned := '{}';
      IF v_take.scanned_through < v_segment.through THEN
        -- A position without a message means that the database is damaged. The position is skipped.
        IF v_knows_all THEN v_take.scanned_through := v_segment.through; END IF;
        -- The missing messages may be in a new partition, whose session has committed and not yet sent its
        -- invalidation message. This session waits for that session's lock. Taking a lock that is new to this
        -- transaction also makes it read the message. Then the segment is examined again.
        v_knows_all := true;
        PERFORM pg_advisory_xact_lock_shared(ringback.partition_lock());
        LOCK TABLE ONLY ringback.message IN ROW SHARE MODE;
      END IF;
      EXIT WHEN v_take.scanned_through >= v_log.last_seq;
    END LOOP;
  END IF;
  IF v_take.scanned_through > p_cursor.scanned_through OR v_take.returned IS DISTINCT FROM p_cursor.returned_seqs THEN
    UPDATE ringback.subscription_cursor c
      SET scanned_through = greatest(c.scanned_through, v_take.scanned_through), returned_seqs = v_take.returned
      WHERE c.subscription_id = p_cursor.subscription_id;
  END IF;
  v_take.has_unscanned := v_take.scanned_through < v_log.last_seq;
  RETURN v_take;
END $function$;

CREATE OR REPLACE FUNCTION ringback.take_parked(p_subscription bigint, p_topic bigint, p_ordering text, p_claimed bigint[], p_foreign_keys text[], p_now bigint, p_room integer, p_ordered integer, p_apart integer, p_bytes_max bigint, p_scan_max integer, OUT count integer, OUT ordered integer, OUT bytes bigint, OUT seqs bigint[], OUT keys text[], OUT expired bigint, OUT has_more boolean, OUT waits boolean)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_row record;
  v_key text;
  v_due bigint;
  v_scanned integer := 0;
  v_apart bigint[] := '{}';
BEGIN
  count := 0; ordered := 0; bytes := 0; seqs := '{}'; keys := '{}'; expired := 0; has_more := false; waits := false;
  IF p_room <= 0 THEN RETURN; END IF;
  IF p_apart > 0 THEN
    v_apart := ARRAY (SELECT p.seq FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.apart
      AND p.due_at <= p_now AND p.seq <> ALL (p_claimed) ORDER BY p.due_at, p.seq LIMIT p_apart + 1);
    has_more := cardinality(v_apart) > p_apart AND p_ordering <> 'strict';
    v_apart := v_apart[1:p_apart];
  END IF;
  FOR v_row IN
    SELECT p.seq, p.apart, p.ordering_key AS blocks, x.ordering_key, x.size
    FROM ringback.parked p
    LEFT JOIN LATERAL (
      SELECT m.ordering_key, octet_length(m.body) AS size FROM ringback.message_at(p_topic, p.seq) m
        WHERE p.dead_letter_id IS NULL
      UNION ALL
      SELECT d.ordering_key, octet_length(d.body) FROM ringback.dead_letter d WHERE d.id = p.dead_letter_id
      LIMIT 1) x ON true
    WHERE p.subscription_id = p_subscription AND p.due_at <= p_now AND p.seq <> ALL (p_claimed)
      AND CASE WHEN p.apart THEN p.seq = ANY (v_apart) ELSE p_ordered > 0 END
      AND NOT EXISTS (SELECT 1 FROM ringback.parked e WHERE e.subscription_id = p.subscription_id
        AND e.ordering_key = p.ordering_key AND e.seq < p.seq)
    ORDER BY p.due_at, p.seq LIMIT p_scan_max
  LOOP
    IF count >= p_room OR bytes >= p_bytes_max THEN
      has_more := true;
      EXIT;
    END IF;
    v_scanned := v_scanned + 1;
    CONTINUE WHEN NOT v_row.apart AND ordered >= p_ordered;
    v_key := CASE WHEN p_ordering = 'none' OR v_row.apart THEN NULL WHEN p_ordering = 'strict' THEN ''
      ELSE v_row.ordering_key END;
    IF v_row.size IS NULL THEN
      -- The message is lost: the database is damaged. The delivery must neither wait forever nor vanish without a
      -- trace.
      DELETE FROM ringback.parked p WHERE p.subscription_id = p_subscription AND p.seq = v_row.seq;
      PERFORM ringback.unblock_key(p_subscription, v_row.blocks, p_now);
      expired := expired + 1;
    ELSIF v_row.blocks IS NULL AND v_key IS NOT NULL AND ringback.is_key_blocked(p_subscription, v_key) THEN
      -- A delayed or redriven delivery takes its position among the parked deliveries of its key now.
      v_due := ringback.due_in_key(p_subscription, v_key, v_row.seq, p_now);
      UPDATE ringback.parked p SET due_at = v_due, ordering_key = v_key
        WHERE p.subscription_id = p_subscription AND p.seq = v_row.seq;
      IF v_due IS NOT NULL THEN has_more := true; END IF;
    ELSIF v_key = ANY (p_foreign_keys) THEN
      waits := true;
    ELSE
      seqs := seqs || v_row.seq;
      keys := keys || v_key;
      bytes := bytes + v_row.size;
      count := count + 1;
      IF NOT v_row.apart THEN ordered := ordered + 1; END IF;
    END IF;
  END LOOP;
  IF expired > 0 THEN
    UPDATE ringback.subscription_cursor c SET expired = c.expired + take_parked.expired
      WHERE c.subscription_id = p_subscription;
  END IF;
  has_more := has_more OR v_scanned = p_scan_max;
END $function$;

CREATE OR REPLACE FUNCTION ringback.tick(p_last bigint, p_elapsed_ms bigint, OUT steady bigint, OUT wall bigint, OUT last_wall bigint, OUT jumped_ms bigint)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
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

CREATE OR REPLACE FUNCTION ringback.trim_records(p_now bigint[], p_max integer, p_dead_letter_ms bigint, p_audit_ms bigint, OUT dead_letters integer, OUT audit_records integer, OUT keys integer, OUT more boolean)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
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

CREATE OR REPLACE FUNCTION ringback.trim_removed(p_max integer)
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_removed ringback.removed%ROWTYPE;
  v_left integer := p_max;
  v_count integer;
  v_found boolean := false;
BEGIN
  FOR v_step IN 1 .. 100 LOOP
    SELECT * INTO v_removed FROM ringback.removed r WHERE r.kind = 'topic' ORDER BY r.id LIMIT 1;
    IF FOUND THEN
      v_count := ringback.trim_removed_topic(v_removed.id, v_left);
    ELSE
      SELECT * INTO v_removed FROM ringback.removed r WHERE r.kind = 'subscription' ORDER BY r.id LIMIT 1;
      EXIT WHEN NOT FOUND;
      v_count := ringback.trim_removed_subscription(v_removed.id, v_left);
    END IF;
    v_found := true;
    IF v_count = 0 THEN
      DELETE FROM ringback.removed r WHERE r.kind = v_removed.kind AND r.id = v_removed.id;
      INSERT INTO ringback.released_number (topic_id, last_seq)
        SELECT v_removed.id, v_removed.last_seq WHERE v_removed.last_seq IS NOT NULL;
    END IF;
    v_left := v_left - v_count;
    EXIT WHEN v_left <= 0;
  END LOOP;
  RETURN v_found;
END $function$;

CREATE OR REPLACE FUNCTION ringback.trim_removed_subscription(p_subscription bigint, p_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_count integer;
BEGIN
  DELETE FROM ringback.start_schedule WHERE subscription_id = p_subscription;
  DELETE FROM ringback.parked WHERE ctid = ANY (ARRAY (
    SELECT p.ctid FROM ringback.parked p WHERE p.subscription_id = p_subscription LIMIT p_max));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count > 0 THEN RETURN v_count; END IF;
  DELETE FROM ringback.dead_letter WHERE ctid = ANY (ARRAY (
    SELECT d.ctid FROM ringback.dead_letter d WHERE d.subscription_id = p_subscription LIMIT p_max));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $function$;

CREATE OR REPLACE FUNCTION ringback.trim_removed_topic(p_topic bigint, p_max integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
DECLARE
  v_segment ringback.segment%ROWTYPE;
  v_count integer;
BEGIN
  SELECT * INTO v_segment FROM ringback.segment s WHERE s.topic_id = p_topic ORDER BY s.first_seq LIMIT 1;
  IF FOUND THEN
    DELETE FROM ringback.message
      WHERE partition_id = v_segment.partition_id AND topic_id = p_topic AND seq = ANY (ARRAY (
        SELECT m.seq FROM ringback.message m WHERE m.partition_id = v_segment.partition_id AND m.topic_id = p_topic
          ORDER BY m.seq LIMIT p_max));
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count = p_max THEN RETURN v_count; END IF;
    DELETE FROM ringback.segment s WHERE s.topic_id = p_topic AND s.first_seq = v_segment.first_seq;
    RETURN v_count + 1;
  END IF;
  DELETE FROM ringback.idempotency WHERE topic_id = p_topic AND key = ANY (ARRAY (
    SELECT i.key FROM ringback.idempotency i WHERE i.topic_id = p_topic LIMIT p_max));
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $function$;

CREATE OR REPLACE FUNCTION ringback.trim_topic(p_now bigint[], p_topic bigint, p_messages_max integer, p_dead_letters_max integer, p_dead_letter_bytes_max bigint)
 RETURNS TABLE(what text, subscription_id bigint, count bigint)
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
#variable_conflict use_column
DECLARE
  v_now bigint := coalesce(p_now[1], ringback.steady_ms());
  v_wall bigint := coalesce(p_now[2], ringback.now_ms());
  v_log ringback.topic_log%ROWTYPE;
  v_partition integer;
  v_through bigint;
  v_dead record;
BEGIN
  SELECT * INTO v_log FROM ringback.topic_log l WHERE l.topic_id = p_topic FOR UPDATE;
  IF v_log.expires_at IS NULL OR v_log.expires_at > v_wall THEN RETURN; END IF;
  PERFORM 1 FROM ringback.subscription_cursor c WHERE c.topic_id = p_topic ORDER BY c.subscription_id FOR UPDATE;
  PERFORM ringback.reclaim_lapsed_of_topic(p_topic, v_now);
  v_partition := ringback.segment_partition_id(p_topic, v_log.first_seq);
  v_through := ringback.expired_through(v_log, v_partition, v_wall, p_messages_max);
  IF v_through < v_log.first_seq THEN RETURN; END IF;

  v_dead := ringback.find_expired_parked(v_log, v_partition, p_dead_letters_max, p_dead_letter_bytes_max, v_through);
  v_through := v_dead.through;
  RETURN QUERY SELECT * FROM ringback.dead_letter_expired(p_topic, v_dead.subscriptions, v_dead.seqs, v_now, v_wall);
  what := 'dead_lettered'; subscription_id := NULL; count := coalesce(cardinality(v_dead.seqs), 0);
  RETURN NEXT;
  IF v_through < v_log.first_seq THEN RETURN; END IF;

  RETURN QUERY SELECT 'expired', e.* FROM ringback.expire_unclaimed(v_log, v_partition, v_through) e;
  what := 'removed'; subscription_id := NULL; count := v_through - v_log.first_seq + 1;
  RETURN NEXT;
  DELETE FROM ringback.segment s WHERE s.topic_id = p_topic AND s.first_seq <= v_through
    AND coalesce((SELECT n.first_seq FROM ringback.segment n
      WHERE n.topic_id = p_topic AND n.first_seq > s.first_seq ORDER BY n.first_seq LIMIT 1), v_log.last_seq + 1)
      <= v_through + 1;
  -- A message is at least as old as each later one, also when the clock was ahead as it was published.
  -- The publishing time of a lost message is unknown. The next call then searches for a message whose time is known.
  UPDATE ringback.topic_log l SET first_seq = v_through + 1,
    partition_id = CASE WHEN v_through < l.last_seq THEN l.partition_id END,
    segment_first_seq = CASE WHEN v_through < l.last_seq THEN l.segment_first_seq END,
    expires_at = CASE WHEN v_through < l.last_seq THEN coalesce(
      (SELECT least(m.published_at, l.last_published_at, (
          SELECT n.published_at FROM ringback.segment s, ringback.message_at(p_topic, s.first_seq) n
            WHERE s.topic_id = p_topic AND s.first_seq > v_through + 1 ORDER BY s.first_seq LIMIT 1)) + l.retention_ms
        FROM ringback.message_at(p_topic, v_through + 1) m), v_wall) END
    WHERE l.topic_id = p_topic;
END $function$;

CREATE OR REPLACE FUNCTION ringback.unblock_key(p_subscription bigint, p_key text, p_now bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  UPDATE ringback.parked SET due_at = p_now WHERE subscription_id = p_subscription AND due_at IS NULL AND seq =
    (SELECT min(seq) FROM ringback.parked WHERE subscription_id = p_subscription AND ordering_key = p_key);
END $function$;

CREATE OR REPLACE FUNCTION ringback.unblock_keys(p_subscriptions bigint[], p_keys text[], p_now bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  PERFORM ringback.unblock_key(k.subscription_id, k.key, p_now)
    FROM (SELECT DISTINCT * FROM unnest(p_subscriptions, p_keys) AS u (subscription_id, key)) k;
END $function$;

CREATE OR REPLACE FUNCTION ringback.waiting_copies(p_replay bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
 SET enable_material TO 'off'
 SET enable_memoize TO 'off'
 SET enable_bitmapscan TO 'off'
 SET jit TO 'off'
 SET plan_cache_mode TO 'force_generic_plan'
AS $function$
BEGIN
  RETURN (SELECT count(*) FROM ringback.parked p WHERE p.replay_id = p_replay);
END $function$;

CREATE OR REPLACE FUNCTION ringback.write_dead_letter(p_dead_letter bigint, p_subscription bigint, p_topic bigint, p_seq bigint, p_reason text, p_attempts bigint, p_died_at bigint, p_status bigint, p_error_code text, p_error_detail text, p_reply bytea)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  IF p_dead_letter IS NOT NULL THEN
    UPDATE ringback.dead_letter d SET redriven_at = NULL, reason = p_reason, attempts = p_attempts, died_at = p_died_at,
      last_status = p_status, last_error_code = p_error_code, last_error_detail = p_error_detail, last_reply = p_reply
      WHERE d.id = p_dead_letter;
    RETURN;
  END IF;
  INSERT INTO ringback.dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
    last_error_code, last_error_detail, last_reply, published_at, deliver_at, content_type, tags, type, ordering_key,
    attributes, request, body)
  SELECT t.account_id, p_subscription, m.topic_id, m.seq, p_reason, p_attempts, p_died_at, p_status, p_error_code,
    p_error_detail, p_reply, m.published_at, m.deliver_at, m.content_type, m.tags, m.type, m.ordering_key, m.attributes,
    m.request, m.body
  FROM ringback.message_at(p_topic, p_seq) m, LATERAL (
    SELECT t.account_id FROM ringback.topic t WHERE t.id = m.topic_id LIMIT 1) t;
END $function$;
