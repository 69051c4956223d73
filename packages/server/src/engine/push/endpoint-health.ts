import type { TimeMs } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";

/**
 * What the last replies say about an endpoint: how many POSTs it may have at a time. It starts small, grows by one with
 * each success up to the subscription's own limit, and shrinks by half with each failure once failures come in a row.
 * A few failures among successes change nothing: a receiver that refuses bad messages is healthy.
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

  /** Whether it answers well is not known yet; nothing speaks against it until a first failure. */
  get isUnproven(): boolean {
    return !this.#hasSucceeded;
  }

  get hasFailed(): boolean {
    return this.#failuresInRow > 0;
  }

  /** Nothing came back for a while although something is out. `oldestStartMs`: of the POSTs in flight, or later. */
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
