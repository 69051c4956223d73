import type { Clock, Timers, TimeMs } from "./time.ts";
import { transportLimits } from "./limits.ts";
import { type Linked, LinkedList } from "./linked-list.ts";

/** Something that is ended at a given time unless it is removed before. `Deadlines` alone writes the fields. */
export interface Expiring extends Linked<Expiring> {
  deadlineMs: TimeMs;
  line: Line | null;
  end(why: "timeout" | "aborted"): void;
}

/** All that share one timeout. Whoever comes later ends later, so the list is in order without sorting. */
export type { Line };

class Line extends LinkedList<Expiring> {
  readonly timeoutMs: number;
  cancelTimer: (() => void) | null = null;

  constructor(timeoutMs: number) {
    super();
    this.timeoutMs = timeoutMs;
  }
}

/**
 * Timeouts for many short things at the price of a few timers. A timer per POST costs more than a microsecond; here a
 * line of equal timeouts has one, set for its oldest member. While POSTs come and go it fires about once per timeout,
 * and it is gone as soon as nothing waits.
 */
export class Deadlines {
  private readonly clock: Clock;
  private readonly timers: Timers;
  private readonly lines = new Map<number, Line>();

  constructor(clock: Clock, timers: Timers) {
    this.clock = clock;
    this.timers = timers;
  }

  add(member: Expiring, timeoutMs: number, nowMs: TimeMs): void {
    let line = this.lines.get(timeoutMs);
    if (line === undefined) {
      line = new Line(timeoutMs);
      this.lines.set(timeoutMs, line);
    }
    member.deadlineMs = nowMs + timeoutMs;
    member.line = line;
    line.append(member);
    if (line.cancelTimer === null) this.arm(line, timeoutMs);
  }

  /** Harmless for what is in no line. */
  remove(member: Expiring): void {
    const { line } = member;
    if (line === null) return;
    member.line = null;
    line.remove(member);
    if (line.first === null) this.rest(line);
  }

  /** Ends every member before its time. */
  abort(): void {
    for (const line of this.lines.values()) {
      for (let member = line.first; member !== null; member = line.first) {
        this.remove(member);
        member.end("aborted");
      }
    }
  }

  private arm(line: Line, delayMs: number): void {
    line.cancelTimer = this.timers.after(delayMs, () => {
      line.cancelTimer = null;
      this.sweep(line);
    });
  }

  private sweep(line: Line): void {
    const nowMs = this.clock.now();
    for (let member = line.first; member !== null && member.deadlineMs <= nowMs; member = line.first) {
      member.line = null;
      line.remove(member);
      member.end("timeout");
    }
    // An ending member may have added another, and so armed the timer already.
    if (line.first === null) this.rest(line);
    else if (line.cancelTimer === null) {
      this.arm(line, Math.max(line.first.deadlineMs - nowMs, transportLimits.deadlineSlackMs));
    }
  }

  private rest(line: Line): void {
    line.cancelTimer?.();
    line.cancelTimer = null;
    if (this.lines.size > transportLimits.deadlineLinesKeptMax) this.lines.delete(line.timeoutMs);
  }
}
