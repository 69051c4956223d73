/**
 * Settings of every function on the way of a message. Its statements are planned once for each connection, often while the
 * tables are small, and used when they are large: so only plans are allowed that look rows up by index, whatever the table's size was. In
 * small tables the planner would otherwise read a whole index and join by hash, and go on to do so until the tables are analyzed.
 *
 * For the same reason a row is looked up by `LATERAL (... LIMIT 1)`, which is planned by itself: in a plain join the planner may
 * take all rows of one topic or subscription and compare the rest.
 */
export const steadyPlans = `SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET enable_material = off SET enable_memoize = off SET jit = off`;

/**
 * From the fourth step on, no bitmaps either. What reads an index in order marks the entries whose rows are dead, and whoever comes next
 * passes them over; a bitmap takes them all, each time, until vacuum has been there. Deliveries that were parked and are done leave
 * such entries where claims look first.
 *
 * And one plan for all calls: with several to choose from, planning anew takes a third to a half of the time of an append.
 */
export const steadierPlans = `${steadyPlans} SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan`;
