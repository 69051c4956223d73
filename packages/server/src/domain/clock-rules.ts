/** Rules for times on the two scales of `Clock`. */

import { limits } from "./limits.ts";
import type { Message, TimeMs } from "./model.ts";
import type { Clock, Moment } from "./clock.ts";

export function momentOf(clock: Clock): Moment {
  const nowMs = clock.now();
  return { nowMs, wallMs: clock.wall(nowMs) };
}

/** The steady time of a moment in Unix time, if the machine's clock has not been set since. */
export function toSteady(clock: Clock, wallMs: TimeMs): TimeMs {
  return wallMs - clock.wall(0);
}

export function optionalToWall(clock: Clock, steadyMs: TimeMs | null): TimeMs | null {
  return steadyMs === null ? null : clock.wall(steadyMs);
}

/** The message with Unix time in `deliverAtMs`, for callers of the API. */
export function shownMessage(clock: Clock, message: Message): Message {
  return message.deliverAtMs === null ? message : { ...message, deliverAtMs: clock.wall(message.deliverAtMs) };
}

/**
 * The publishing time of the next message of a log. Publishing times never decrease, so a small step back of the clock
 * repeats the last time. After a larger step the last time was wrong, and the clock is followed.
 */
export function publishingTime(wallMs: TimeMs, lastPublishedAtMs: TimeMs): TimeMs {
  const isAhead = lastPublishedAtMs > wallMs && lastPublishedAtMs - wallMs <= limits.clockStepMsMax;
  return isAhead ? lastPublishedAtMs : wallMs;
}

/**
 * Unix time for whatever is removed because of its age. A clock that was set ahead by mistake must not remove
 * everything, so a step ahead counts only when it has lasted for `limits.clockHoldMs`. A step back counts at once.
 */
export class CautiousClock {
  readonly #clock: Clock;
  #aheadMs: number;
  #heldSinceMs: TimeMs | null = null;

  /** `lastWallMs`: the Unix time at which an earlier process was last known to run; null: there was none. */
  constructor(clock: Clock, lastWallMs: TimeMs | null) {
    this.#clock = clock;
    this.#aheadMs = (lastWallMs ?? clock.wall()) - clock.now();
  }

  now(): TimeMs {
    const nowMs = this.#clock.now();
    const aheadMs = this.#clock.wall(0);
    if (aheadMs - this.#aheadMs > limits.clockStepMsMax) {
      this.#heldSinceMs ??= nowMs;
      if (nowMs - this.#heldSinceMs < limits.clockHoldMs) return nowMs + this.#aheadMs;
    }
    this.#heldSinceMs = null;
    this.#aheadMs = aheadMs;
    return nowMs + aheadMs;
  }
}
