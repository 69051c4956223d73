import type { TimeMs } from "../model.ts";
import type { Clock } from "../ports.ts";

/** A clock whose machine's clock is never set. */
export function clockAt(now: () => TimeMs): Clock {
  return { now, wall: (atMs = now()) => atMs };
}
