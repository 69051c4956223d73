import type { Clock, Timers, TimeMs } from "./time.ts";
import { transportLimits } from "./limits.ts";
import { type Linked, LinkedList } from "./linked-list.ts";

/** An object with a deadline, at which `end` is called. Only `Deadlines` writes the fields. */
export interface Expiring extends Linked<Expiring> {
  deadlineMs: TimeMs;
  group: DeadlineGroup | null;
  end(why: "timeout" | "aborted"): void;
}

/** Members with the same timeout. A member that is added later has a later deadline, so the list is always sorted. */
export class DeadlineGroup extends LinkedList<Expiring> {
  readonly timeoutMs: number;
  cancelTimer: (() => void) | null = null;

  constructor(timeoutMs: number) {
    super();
    this.timeoutMs = timeoutMs;
  }
}

/**
 * Deadlines of many POSTs with few timers, because a timer per POST costs more than a microsecond. Each group of equal
 * timeouts has one timer, set to its oldest member. While POSTs start and end continuously, the timer fires about once
 * per timeout. A group without members has no timer.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #groups = new Map<number, DeadlineGroup>();

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  add(member: Expiring, timeoutMs: number, nowMs: TimeMs): void {
    let group = this.#groups.get(timeoutMs);
    if (group === undefined) {
      group = new DeadlineGroup(timeoutMs);
      this.#groups.set(timeoutMs, group);
    }
    member.deadlineMs = nowMs + timeoutMs;
    member.group = group;
    group.append(member);
    if (group.cancelTimer === null) this.#setTimer(group, timeoutMs);
  }

  /** Has no effect if the member has no deadline. */
  remove(member: Expiring): void {
    const { group } = member;
    if (group === null) return;
    member.group = null;
    group.remove(member);
    if (group.first === null) this.#clearTimer(group);
  }

  /** Ends all members now. */
  abort(): void {
    for (const group of this.#groups.values()) {
      for (let member = group.first; member !== null; member = group.first) {
        this.remove(member);
        member.end("aborted");
      }
    }
  }

  #setTimer(group: DeadlineGroup, delayMs: number): void {
    group.cancelTimer = this.#timers.after(delayMs, () => {
      group.cancelTimer = null;
      this.#endExpired(group);
    });
  }

  #endExpired(group: DeadlineGroup): void {
    const nowMs = this.#clock.now();
    for (let member = group.first; member !== null && member.deadlineMs <= nowMs; member = group.first) {
      member.group = null;
      group.remove(member);
      member.end("timeout");
    }
    // If `end` has added a member, the timer is set already.
    if (group.first === null) this.#clearTimer(group);
    else if (group.cancelTimer === null) {
      this.#setTimer(group, Math.max(group.first.deadlineMs - nowMs, transportLimits.deadlineSlackMs));
    }
  }

  #clearTimer(group: DeadlineGroup): void {
    group.cancelTimer?.();
    group.cancelTimer = null;
    if (this.#groups.size > transportLimits.deadlineGroupsKeptMax) this.#groups.delete(group.timeoutMs);
  }
}
