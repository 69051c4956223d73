import type { PostOptions } from "./run-hook.ts";

/** Ends a POST when its time limit has passed or when its caller aborts it, whichever comes first. */
export class Deadline {
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #error: "timeout" | "aborted" | null = null;

  /**
   * Calls `expire` at most once, and never after a call of {@link end}. A signal that is aborted beforehand is ignored.
   */
  constructor({ timeoutMs, signal }: PostOptions, expire: (error: "timeout" | "aborted") => void) {
    const end = (error: "timeout" | "aborted"): void => {
      this.end();
      this.#error = error;
      expire(error);
    };
    this.#timer = setTimeout(() => end("timeout"), timeoutMs);
    this.#onAbort = () => end("aborted");
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort);
  }

  /** The reason why the POST was ended; null when it was not ended. */
  get error(): "timeout" | "aborted" | null {
    return this.#error;
  }

  /** Stops the timer and removes the listener. Must be called when the POST has its result. */
  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
