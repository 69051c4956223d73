import type { PostOptions } from "./run-hook.ts";

/** Ends a POST when its time limit has passed or when its caller aborts it, whichever comes first. */
export class Deadline {
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #error: "timeout" | "aborted" | null = null;

  /** `expire` is called at most once, and not after {@link end}. A signal that is aborted already has no effect. */
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

  /** Why the POST was ended; null when it was not. */
  get error(): "timeout" | "aborted" | null {
    return this.#error;
  }

  /** To be called when the POST has its result. */
  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
