-- Planner settings of the functions that nodes call for messages; the functions called within them run under the same
-- settings.
--
-- Their statements are planned once per connection, often while the tables are small, and still used when the tables
-- are large. So the planner may only choose index scans and nested loops, whatever a table's size was: in small tables
-- it would prefer to read a whole table or index and join by hash, until the tables are analyzed. For the same reason
-- these functions look a row up by LATERAL (... LIMIT 1), which is planned by itself: for a plain join the planner may
-- read all rows of a topic and compare the rest.
--
-- No bitmap scans: reading an index in order marks the entries of dead rows, and later scans skip them. A bitmap scan
-- reads them all each time until vacuum has run, and deliveries that were parked and settled leave such entries where
-- claims look first.
--
-- One generic plan: with several plans to choose from, planning anew takes a third to a half of the time of an append.
DO $block$
DECLARE
  v_function text;
  v_setting text;
BEGIN
  FOREACH v_function IN ARRAY ARRAY['append', 'claim', 'renew_claims', 'settle', 'settle_pulled', 'rewind',
      'trim_topic'] LOOP
    FOREACH v_setting IN ARRAY ARRAY['enable_seqscan = off', 'enable_hashjoin = off', 'enable_mergejoin = off',
        'enable_material = off', 'enable_memoize = off', 'enable_bitmapscan = off', 'jit = off',
        'plan_cache_mode = force_generic_plan'] LOOP
      EXECUTE format('ALTER FUNCTION ringback.%I SET %s', v_function, v_setting);
    END LOOP;
  END LOOP;
END $block$;
