/**
 * Returns milliseconds of the machine's monotonic clock. `process.hrtime` has the same origin in all processes. A time
 * of the generator can therefore be subtracted from a time of the receiver. Steps of the wall clock have no effect.
 */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
