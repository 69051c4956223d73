import { setTimeout as pause } from "node:timers/promises";

const intervalMs = 10;
/** When a wait takes this long, its condition is printed, so that a test that hangs shows the condition. */
const reportMs = 60_000;

/**
 * Waits until `holds` is true for the value that `read` returns, and returns that value. There is no timeout here,
 * because the duration depends on the machine. Only the test runner's timeout applies.
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
