import { LimitError, RingbackApiError, RingbackConnectionError } from "./api-error.ts";
import { pause, retryDelayMs } from "./pause.ts";

/** Called before each wait for a retry, for a log. If it throws, the request or the loop ends with that error. */
export type OnRetry = (error: Error, delayMs: number) => void;

/**
 * Repeats requests while the server cannot be reached, for at most `lengthMsMax` after the first failure. After that
 * each request is tried once, until one succeeds.
 */
export class Outage {
  readonly #lengthMsMax: number;
  readonly #onRetry: OnRetry | undefined;
  #endMs: number | null = null;

  constructor(lengthMsMax: number, onRetry: OnRetry | undefined) {
    this.#lengthMsMax = lengthMsMax;
    this.#onRetry = onRetry;
  }

  async survive<T>(send: () => Promise<T>): Promise<T> {
    for (let retries = 0; ; retries++) {
      try {
        const result = await send();
        this.#endMs = null;
        return result;
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.#endMs ??= performance.now() + this.#lengthMsMax;
        const delayMs = delayAfter(error, retries);
        if (performance.now() + delayMs > this.#endMs) throw error;
        this.#onRetry?.(error, delayMs);
        await pause(delayMs);
      }
    }
  }
}

/** Returns the time before the next try. */
export function delayAfter(error: Error, retries: number): number {
  const wantedMs = error instanceof RingbackApiError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(wantedMs, retryDelayMs(retries));
}

/** True for failures that another try can overcome. */
export function isPassing(error: unknown): error is Error {
  if (error instanceof RingbackApiError) return error instanceof LimitError || error.status >= 500;
  return error instanceof RingbackConnectionError;
}
