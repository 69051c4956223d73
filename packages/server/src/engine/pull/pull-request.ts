import { limits } from "../../domain/limits.ts";
import type { TimeMs } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import type { PullOptions } from "./pulls.ts";

/** One client's request for messages. While the request waits, its only cost is one timer and one listener. */
export class PullRequest<T> {
  readonly options: PullOptions;
  readonly deadlineMs: TimeMs;
  readonly answer: Promise<readonly T[]>;
  isOver = false;
  readonly #resolve: (messages: readonly T[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #ended: (request: PullRequest<T>) => void;
  readonly #leave = (): void => this.end([]);
  #cancelTimer: (() => void) | null = null;
  #expire: (() => void) | null = null;
  #isHeld = false;
  #isLate = false;

  /** `ended` is called once, when the request has ended for any reason. */
  constructor(options: PullOptions, nowMs: TimeMs, ended: (request: PullRequest<T>) => void) {
    this.options = options;
    this.deadlineMs = nowMs + options.waitMs;
    this.#ended = ended;
    const { promise, resolve, reject } = Promise.withResolvers<readonly T[]>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    options.gone.addEventListener("abort", this.#leave);
  }

  get messagesMax(): number {
    return Math.min(this.options.messagesMax, limits.pullMessagesMax);
  }

  get isWaiting(): boolean {
    return this.#cancelTimer !== null;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /**
   * Called when a claim had no messages for the request. `expire` is called when the request has waited for `delayMs`.
   */
  wait(delayMs: number, timers: Timers, expire: () => void): void {
    this.#expire = expire;
    this.#cancelTimer = timers.after(delayMs, () => this.expire());
  }

  /** Ends the request as if its time were over. A request on hold ends later: with its messages, or in `release`. */
  expire(): void {
    if (this.#isHeld) this.#isLate = true;
    else this.#expire?.();
  }

  /**
   * Called while messages for the request are being written. The request does not end until `release`, even if its time
   * is over.
   */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    if (this.#isLate) this.expire();
  }

  end(messages: readonly T[]): void {
    if (this.#close()) this.#resolve(messages);
  }

  fail(error: unknown): void {
    if (this.#close()) this.#reject(error);
  }

  #close(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.#cancelTimer?.();
    this.options.gone.removeEventListener("abort", this.#leave);
    this.#ended(this);
    return true;
  }
}
