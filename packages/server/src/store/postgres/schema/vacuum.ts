/**
 * Deliveries that were parked and are done leave dead rows where claims look first, and where many are parked the default, a
 * fifth of the table, is many. The other tables that change with every batch are cleaned in time by the defaults: most of their changes stay
 * within a page, and they are small.
 */
export const vacuumSooner = `
ALTER TABLE ringback.parked SET (autovacuum_vacuum_scale_factor = 0.02);
`;
