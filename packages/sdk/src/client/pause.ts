const firstRetryMs = 250;
const retryMsMax = 10_000;

/** Time before a retry: it doubles with each retry, and half of it is random, so that clients do not retry together. */
export function retryDelayMs(retries: number): number {
  const delayMs = Math.min(firstRetryMs * 2 ** Math.min(retries, 10), retryMsMax);
  return (delayMs * (1 + Math.random())) / 2;
}

/** Resolves after the time. Throws the signal's reason when it is aborted. */
export function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(reasonOf(signal));
    const abort = (): void => {
      clearTimeout(timer);
      if (signal !== undefined) reject(reasonOf(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, delayMs);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
