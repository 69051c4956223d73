import type { InboxSettings } from "../../domain/inbox-rules.ts";
import { LastPoll } from "../../domain/last-poll.ts";
import type { TimeMs } from "../../domain/model.ts";

/** How this process uses one inbox. Nothing of this is stored. */
export class InboxActivity {
  /** Messages that are being published. */
  arriving = 0;
  /** Settled when the messages that no client fetched in time are gone. */
  emptied: Promise<void> = Promise.resolve();
  readonly #lastPoll: LastPoll;
  #polls = 0;

  /** The inbox counts as polled at `startMs`. */
  constructor(startMs: TimeMs) {
    this.#lastPoll = new LastPoll(startMs);
  }

  /** Whether a client polls, or has polled less than `whilePolledMs` ago. */
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
