/**
 * Milliseconds of the machine's monotonic clock. `process.hrtime` counts from the machine's own origin, not the
 * process's, so a time taken in the generator and one taken in the receiver can be subtracted, and no step of the wall
 * clock comes between them.
 */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
