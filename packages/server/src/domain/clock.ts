import type { TimeMs } from "./model.ts";

/**
 * Two time scales (docs/adr/0020-two-time-scales.md). Both are in milliseconds and usually agree. They differ after
 * somebody or something has set the machine's clock.
 */
export interface Clock {
  /**
   * Steady time: for waits, delays, leases and timeouts. Steady time never jumps and never goes back, whatever happens
   * to the machine's clock, and continues after a restart.
   */
  now(): TimeMs;
  /**
   * Unix time as the machine's clock shows it: for times that people or other programs read. May jump. With an
   * argument: the Unix time of that moment of steady time, by what the machine's clock shows today.
   */
  wall(steadyMs?: TimeMs): TimeMs;
}

/** One moment on both scales. */
export interface Moment {
  readonly nowMs: TimeMs;
  readonly wallMs: TimeMs;
}

/** For code that only waits. */
export type SteadyClock = Pick<Clock, "now">;
