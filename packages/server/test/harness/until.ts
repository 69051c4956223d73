import { setTimeout as pause } from "node:timers/promises";

const intervalMs = 10;
/** A wait of this length is printed, so that a test that hangs shows its condition. */
const reportMs = 60_000;

/**
 * Waits until `holds` is true for the value that `read` returns, and returns that value. Has no deadline of its own:
 * only the test runner's time-out limits how long a machine may take.
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
