// Numbers of advisory locks: any will do that nobody else takes. The first is "ringback" in ASCII, cut to 63 bits.
export const MIGRATION_LOCK = "8243118316933116779";
/** One node at a time removes things: two would only wait for each other. */
export const RETENTION_LOCK = "8243118316933116781";
/** One transaction at a time makes partitions. */
export const PARTITION_LOCK = "8243118316933116782";
