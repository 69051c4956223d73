-- Planner settings of the functions that nodes call for messages; the functions called within them run under the same
-- settings.
--
-- Their statements are planned once per connection, often while the tables are small. The plans are still used when the
-- tables are large. So the planner can only choose index scans and nested loops. In small tables that have not been
-- analyzed, the planner would prefer to read a whole table or index and to join by hash. For the same reason these
-- functions read a row by LATERAL (... LIMIT 1), which is planned separately: for a plain join, the planner may choose
-- to read all rows of a topic.
--
-- Bitmap scans are off. An index scan marks the index entries of dead rows, and later index scans skip them. A bitmap
-- scan reads those entries each time until vacuum has run. Parked deliveries that were settled leave many of them at
-- the start of the indexes that claims read.
--
-- Generic plans are forced. With custom plans, planning takes a third to a half of the time of an append.
DO $block$
DECLARE
  v_function text;
  v_setting text;
BEGIN
  FOREACH v_function IN ARRAY ARRAY['append', 'claim', 'renew_claims', 'reserve_starts', 'settle',
      'settle_pulled', 'rewind', 'trim_topic'] LOOP
    FOREACH v_setting IN ARRAY ARRAY['enable_seqscan = off', 'enable_hashjoin = off', 'enable_mergejoin = off',
        'enable_material = off', 'enable_memoize = off', 'enable_bitmapscan = off', 'jit = off',
        'plan_cache_mode = force_generic_plan'] LOOP
      EXECUTE format('ALTER FUNCTION ringback.%I SET %s', v_function, v_setting);
    END LOOP;
  END LOOP;
END $block$;
