import type { TimeMs } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";

/**
 * Computes a subscription's window, the number of POSTs that may be in flight to its endpoint, from the last replies.
 * The window starts small and grows by one with each success, up to the subscription's limit. After several failures in
 * a row each failure halves it. Single failures between successes change nothing, because a healthy receiver may refuse
 * bad messages.
 */
export class EndpointHealth {
  #windowMax: number;
  #window: number;
  #failuresInRow = 0;
  #lastReplyAtMs: TimeMs = 0;
  #hasSucceeded = false;

  constructor(windowMax: number) {
    this.#windowMax = windowMax;
    this.#window = Math.min(windowMax, engineLimits.windowStart);
  }

  get window(): number {
    return this.#window;
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

  /**
   * True if POSTs are in flight but no reply has come for `stalledAfterMs`. `oldestStartMs`: a time at or after the
   * start of the oldest POST in flight.
   */
  isStalled(nowMs: TimeMs, oldestStartMs: TimeMs): boolean {
    return nowMs - Math.max(this.#lastReplyAtMs, oldestStartMs) > engineLimits.stalledAfterMs;
  }

  setWindowMax(windowMax: number): void {
    this.#windowMax = windowMax;
    this.#window = Math.min(windowMax, Math.max(this.#window, engineLimits.windowStart));
  }

  succeeded(nowMs: TimeMs): void {
    this.#lastReplyAtMs = nowMs;
    this.#failuresInRow = 0;
    this.#hasSucceeded = true;
    if (this.#window < this.#windowMax) this.#window++;
  }

  failed(nowMs: TimeMs): void {
    this.#lastReplyAtMs = nowMs;
    this.#failuresInRow++;
    if (this.isFailing) this.#window = Math.max(Math.min(engineLimits.windowMin, this.#windowMax), this.#window >> 1);
  }
}
