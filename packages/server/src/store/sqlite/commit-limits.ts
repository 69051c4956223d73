/** Limits of what waits for a commit, and of one commit. */

/** Bytes of messages that wait to be written. Past this, publishes are refused as `overloaded`. */
export const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of messages in one commit. A request that exceeds the limit is committed alone. */
export const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** Rows of settlements that wait for a slow or failing disk. While there are more, claims are empty. */
export const WAITING_ROWS_MAX = 20_000;
/**
 * How long settlements wait for others to share their commit. With `SETTLED_ROWS_ENOUGH` rows, they do not wait. No
 * caller waits for settlements. After a crash, deliveries with unwritten settlements are repeated, like deliveries in
 * flight.
 */
export const SETTLE_WAIT_MS = 20;
export const SETTLED_ROWS_ENOUGH = 1_000;
/**
 * After a failed commit, settlements are retried after this time. When no settlement waits, a write that changes
 * nothing is tried instead.
 */
export const RETRY_MS = 250;
/** A commit also writes the time when the last written time is this old. */
export const CLOCK_MARK_MS = 1_000;
