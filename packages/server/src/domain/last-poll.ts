import type { TimeMs } from "./model.ts";

/**
 * For an inbox that keeps messages only while clients poll it. A message that arrives less than `whilePolledMs` after
 * the last poll is kept. A later message is dropped, together with all messages kept before. Creating the inbox counts
 * as a poll.
 */
export class LastPoll {
  #atMs: TimeMs;

  constructor(startMs: TimeMs) {
    this.#atMs = startMs;
  }

  note(nowMs: TimeMs): void {
    this.#atMs = nowMs;
  }

  /** `whilePolledMs` null: always true. */
  keeps(whilePolledMs: number | null, nowMs: TimeMs): boolean {
    return whilePolledMs === null || nowMs - this.#atMs < whilePolledMs;
  }
}
