/**
 * Milliseconds of the machine's monotonic clock. `process.hrtime` counts from an origin that all processes share, so a
 * time of the generator can be subtracted from a time of the receiver. Steps of the wall clock have no effect.
 */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
