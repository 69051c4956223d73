import { setTimeout as pause } from "node:timers/promises";

/** Far beyond what anything here takes: it ends a test that would hang, and measures nothing. */
const limitMsDefault = 25_000;
const intervalMs = 10;

/** Waits until `holds` is true for what `read` gives, and returns that. */
export async function until<T>(
  what: string,
  read: () => T | Promise<T>,
  holds: (value: T) => boolean,
  limitMs = limitMsDefault,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (performance.now() > deadline) {
      throw new Error(`waited ${limitMs} ms in vain until ${what}; last: ${JSON.stringify(value)?.slice(0, 2000)}`);
    }
    await pause(intervalMs);
  }
}

export async function untilTrue(what: string, holds: () => boolean, limitMs?: number): Promise<void> {
  await until(what, holds, (value) => value, limitMs);
}
