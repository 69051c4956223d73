import type { TimeMs } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";

/** A failed POST. `isOverload`: see `isOverload` in `overload.ts`. */
export interface FailedPost {
  readonly startedAtMs: TimeMs;
  readonly isOverload: boolean;
}

/**
 * Computes a subscription's window, the number of POSTs that may be in flight to its endpoint, from the last replies.
 * The window starts small and grows by one with each success, up to the subscription's limit.
 *
 * An endpoint that is overloaded or unreachable halves the window, once for all POSTs that were in flight together.
 * From then on the window grows by one for each window of successes (AIMD, as in TCP). A window below 1 is one POST at
 * a time with a pause between two starts.
 *
 * An endpoint whose replies are too long gets one POST at a time with a pause between two starts, because each of its
 * POSTs needs a new connection and reads as many bytes as a reply may have.
 *
 * Other failures between successes change nothing, because a healthy receiver may refuse bad messages. After several
 * such failures in a row each halves the window.
 */
export class EndpointHealth {
  #windowMax: number;
  #window: number;
  /** Below this window a success adds 1. Above it, a window of successes adds 1. */
  #threshold = Number.POSITIVE_INFINITY;
  /** POSTs that started before this time do not halve the window again. */
  #halvedAtMs: TimeMs = Number.NEGATIVE_INFINITY;
  #startedAtMs: TimeMs = Number.NEGATIVE_INFINITY;
  #failuresInRow = 0;
  #lastReplyAtMs: TimeMs = 0;
  #hasSucceeded = false;
  /** The last accepted reply was so long that its connection was closed. */
  #isTooLong = false;

  constructor(windowMax: number) {
    this.#windowMax = windowMax;
    this.#window = Math.min(windowMax, engineLimits.windowStart);
  }

  get window(): number {
    return Math.max(1, Math.floor(this.exactWindow));
  }

  /** Below 1: one POST at a time, with pauses. */
  get exactWindow(): number {
    return this.#isTooLong ? Math.min(1, this.#window) : this.#window;
  }

  get isFailing(): boolean {
    return this.#failuresInRow >= engineLimits.failingAfter;
  }

  /** True while the endpoint has not accepted any POST. */
  get isUnproven(): boolean {
    return !this.#hasSucceeded;
  }

  get hasFailed(): boolean {
    return this.#failuresInRow > 0;
  }

  /** The earliest time at which the next POST may start. */
  get nextStartAtMs(): TimeMs {
    if (this.#window < 1) return this.#startedAtMs + engineLimits.flowPaceMs / this.#window;
    return this.#isTooLong ? this.#startedAtMs + engineLimits.longReplyPaceMs : Number.NEGATIVE_INFINITY;
  }

  /**
   * True if POSTs are in flight but no reply has come for `stalledAfterMs`. `oldestStartMs`: a time at or after the
   * start of the oldest POST in flight.
   */
  isStalled(nowMs: TimeMs, oldestStartMs: TimeMs): boolean {
    return nowMs - Math.max(this.#lastReplyAtMs, oldestStartMs) > engineLimits.stalledAfterMs;
  }

  setWindowMax(windowMax: number): void {
    this.#windowMax = windowMax;
    const grown = this.#window < 1 ? this.#window : Math.max(this.#window, engineLimits.windowStart);
    this.#window = Math.min(windowMax, grown);
  }

  started(nowMs: TimeMs): void {
    this.#startedAtMs = nowMs;
  }

  /** Called when the endpoint is back. The window grows as for a new endpoint, but starts with one POST. */
  reopened(): void {
    this.#window = Math.min(1, this.#windowMax);
    this.#threshold = Number.POSITIVE_INFINITY;
  }

  succeeded(nowMs: TimeMs, isTooLong = false): void {
    this.#lastReplyAtMs = nowMs;
    this.#isTooLong = isTooLong;
    this.#failuresInRow = 0;
    this.#hasSucceeded = true;
    this.#window = Math.min(this.#windowMax, this.#grown());
  }

  #grown(): number {
    if (this.#window < 1) return Math.min(1, this.#window + engineLimits.flowWindowMin);
    return this.#window + (this.#window < this.#threshold ? 1 : 1 / this.#window);
  }

  failed(nowMs: TimeMs, { startedAtMs, isOverload }: FailedPost): void {
    this.#lastReplyAtMs = nowMs;
    this.#failuresInRow++;
    if (isOverload) this.#halve(nowMs, startedAtMs);
    else if (this.isFailing && this.#window > 1) {
      this.#window = Math.max(Math.min(engineLimits.windowMin, this.#windowMax), Math.floor(this.#window / 2));
    }
  }

  #halve(nowMs: TimeMs, startedAtMs: TimeMs): void {
    if (startedAtMs < this.#halvedAtMs) return;
    this.#halvedAtMs = nowMs;
    this.#window = Math.max(engineLimits.flowWindowMin, this.#window / 2);
    this.#threshold = Math.max(1, this.#window);
  }
}
