import type { ProcessClock } from "../domain/process-clock.ts";
import type { Timers } from "../domain/ports.ts";
import type { Logger } from "pino";

const CHECK_MS = 1_000;

/** Logs one line with the size of the jump whenever a clock was set. Returns a function that ends the checks. */
export function logClockJumps(clock: ProcessClock, timers: Timers, log: Logger): () => void {
  clock.onJump((byMs) => logClockJump(log, "machine", byMs));
  let cancel: (() => void) | null = null;
  const check = (): void => {
    clock.wall();
    cancel = timers.after(CHECK_MS, check);
  };
  check();
  return () => cancel?.();
}

/** `byMs`: negative when the clock was set back. */
export function logClockJump(log: Logger, whose: "machine" | "database", byMs: number): void {
  const direction = byMs > 0 ? "ahead" : "back";
  const line = `the ${whose}'s clock was set ${direction}; waits, delays and leases are not affected`;
  log.warn({ clock: whose, byMs }, line);
}
