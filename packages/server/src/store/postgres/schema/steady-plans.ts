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
