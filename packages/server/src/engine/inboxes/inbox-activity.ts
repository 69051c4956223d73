import type { InboxSettings } from "../../domain/inbox-rules.ts";
import { LastPoll } from "../../domain/last-poll.ts";
import type { TimeMs } from "../../domain/model.ts";

/** The use of one inbox in this process. Kept in memory only. */
export class InboxActivity {
  /** Number of messages that are being published into the inbox. */
  arriving = 0;
  /** Settles when the last emptying of the inbox has ended. */
  emptied: Promise<void> = Promise.resolve();
  readonly #lastPoll: LastPoll;
  #polls = 0;

  /** `startMs` counts as the time of a first poll. */
  constructor(startMs: TimeMs) {
    this.#lastPoll = new LastPoll(startMs);
  }

  /** Returns true if a client polls now, or has polled less than `whilePolledMs` ago. */
  isPolled({ whilePolledMs }: InboxSettings, nowMs: TimeMs): boolean {
    return this.#polls > 0 || this.#lastPoll.keeps(whilePolledMs, nowMs);
  }

  pollBegins(nowMs: TimeMs): void {
    this.#polls++;
    this.#lastPoll.note(nowMs);
  }

  pollEnds(nowMs: TimeMs): void {
    this.#polls--;
    this.#lastPoll.note(nowMs);
  }
}
