import type { Timers } from "../../domain/ports.ts";

export interface RepeatedCheckOptions {
  readonly timers: Timers;
  readonly intervalMs: number;
  /** Returns the time until the next check, if it is shorter than the interval. */
  readonly check: () => Promise<number | void>;
  readonly failed: (error: unknown) => void;
}

/** Makes a check at the start and at intervals, one at a time. Returns the function that ends the checks. */
export function repeatCheck({ timers, intervalMs, check, failed }: RepeatedCheckOptions): () => Promise<void> {
  let isStopped = false;
  let cancel: (() => void) | null = null;
  let running = Promise.resolve();
  const run = async (): Promise<void> => {
    let waitMs = intervalMs;
    try {
      waitMs = Math.min(intervalMs, (await check()) ?? intervalMs);
    } catch (error) {
      failed(error);
    }
    if (!isStopped) cancel = timers.after(waitMs, start);
  };
  const start = (): void => {
    running = run();
  };
  start();
  return async () => {
    isStopped = true;
    cancel?.();
    await running;
  };
}
