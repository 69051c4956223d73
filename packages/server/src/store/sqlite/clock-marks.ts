import { limits } from "../../domain/limits.ts";
import type { Moment } from "../../domain/ports.ts";

/** Decides when the time is written into the database. A start continues steady time from the last written moment. */
export class ClockMarks {
  #last: Moment | null;

  constructor(last: Moment | null) {
    this.#last = last;
  }

  /** Returns the moment to write: the machine's clock was set, or the last written moment is at least `ageMs` old. */
  due(moment: Moment, ageMs: number): Moment | null {
    const last = this.#last;
    if (last !== null) {
      const byMs = moment.wallMs - last.wallMs - (moment.nowMs - last.nowMs);
      if (moment.nowMs - last.nowMs < ageMs && Math.abs(byMs) < limits.clockJumpMsMin) return null;
    }
    this.#last = moment;
    return moment;
  }
}
