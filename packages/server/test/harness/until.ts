import { setTimeout as pause } from "node:timers/promises";

const intervalMs = 10;
/** A wait that is this long is printed, so that a test that hangs shows what it hangs on. */
const reportMs = 60_000;

/**
 * Waits until `holds` is true for what `read` returns, and returns that. Has no deadline of its own: how long a machine may
 * take is the test runner's time-out alone.
 */
export async function until<T>(what: string, read: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  let reportAtMs = performance.now() + reportMs;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (performance.now() > reportAtMs) {
      process.stderr.write(`still waiting until ${what}; last: ${JSON.stringify(value)?.slice(0, 2000)}\n`);
      reportAtMs += reportMs;
    }
    await pause(intervalMs);
  }
}

export async function untilTrue(what: string, holds: () => boolean): Promise<void> {
  await until(what, holds, (value) => value);
}
