import type { ThreadLink } from "./thread-link.ts";
import type { WriteJobs } from "./write-thread.ts";

/** Writes that are not part of a group commit, each a transaction of its own. */
export class Writer {
  readonly #thread: ThreadLink<WriteJobs>;
  readonly #failed: (error: unknown) => void;

  /** `failed` is called with every error: it says as much about the disk as a failed commit. */
  constructor(thread: ThreadLink<WriteJobs>, failed: (error: unknown) => void) {
    this.#thread = thread;
    this.#failed = failed;
  }

  async call<N extends keyof WriteJobs>(
    name: N,
    input: Parameters<WriteJobs[N]>[0],
  ): Promise<ReturnType<WriteJobs[N]>> {
    try {
      return await this.#thread.call(name, input);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }
}
