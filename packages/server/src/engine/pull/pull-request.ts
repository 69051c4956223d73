import { limits } from "../../domain/limits.ts";
import type { TimeMs } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import type { PulledMessage, PullOptions } from "./pulls.ts";

/** One who requests for messages. It has one timer and one listener, and nothing happens for it until it gets something or leaves. */
export class PullRequest {
  readonly want: PullOptions;
  readonly deadlineMs: TimeMs;
  readonly answer: Promise<readonly PulledMessage[]>;
  /** Messages for it are being written down: its time may be over meanwhile. */
  isBeingServed = false;
  isOver = false;
  readonly #resolve: (messages: readonly PulledMessage[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #left: (request: PullRequest) => void;
  readonly #gone = (): void => this.end([]);
  #cancelTimer: (() => void) | null = null;

  /** `left` runs once, when it is over for whatever reason. */
  constructor(want: PullOptions, nowMs: TimeMs, left: (request: PullRequest) => void) {
    this.want = want;
    this.deadlineMs = nowMs + want.waitMs;
    this.#left = left;
    const { promise, resolve, reject } = Promise.withResolvers<readonly PulledMessage[]>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    want.gone.addEventListener("abort", this.#gone);
  }

  get messagesMax(): number {
    return Math.min(this.want.messagesMax, limits.pullMessagesMax);
  }

  get isWaiting(): boolean {
    return this.#cancelTimer !== null;
  }

  /** A look has found nothing for it. */
  wait(delayMs: number, timers: Timers, timeIsOver: () => void): void {
    this.#cancelTimer ??= timers.after(delayMs, timeIsOver);
  }

  end(messages: readonly PulledMessage[]): void {
    if (this.#over()) this.#resolve(messages);
  }

  fail(error: unknown): void {
    if (this.#over()) this.#reject(error);
  }

  #over(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.#cancelTimer?.();
    this.want.gone.removeEventListener("abort", this.#gone);
    this.#left(this);
    return true;
  }
}
