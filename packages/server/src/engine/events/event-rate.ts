import type { AccountId } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EventType } from "./event-table.ts";

interface Minute {
  /** The number of published events of each type. */
  readonly admitted: Map<EventType, number>;
  suppressed: number;
  readonly cancel: () => void;
}

const minuteMs = 60_000;

/**
 * Bounds the events of each account, type and minute, so that many events of one type suppress no other type. `ended`
 * is called once for a minute in which there were too many.
 */
export class EventRate {
  readonly #timers: Timers;
  readonly #ended: (accountId: AccountId, suppressed: number) => void;
  /** An account is kept for a minute after its first event. */
  readonly #minutes = new Map<AccountId, Minute>();

  /** The number of suppressed events since the start. */
  suppressedTotal = 0;

  constructor({ timers }: { readonly timers: Timers }, ended: (accountId: AccountId, suppressed: number) => void) {
    this.#timers = timers;
    this.#ended = ended;
  }

  admits(accountId: AccountId, type: EventType): boolean {
    const minute = this.#of(accountId);
    const before = minute.admitted.get(type) ?? 0;
    const isAdmitted = before < engineLimits.eventsPerMinuteMax;
    if (isAdmitted) minute.admitted.set(type, before + 1);
    else this.#suppress(minute, 1);
    return isAdmitted;
  }

  suppress(accountId: AccountId, count: number): void {
    this.#suppress(this.#of(accountId), count);
  }

  #suppress(minute: Minute, count: number): void {
    minute.suppressed += count;
    this.suppressedTotal += count;
  }

  /** Ends every minute at once. */
  stop(): void {
    for (const [accountId, minute] of this.#minutes) {
      minute.cancel();
      this.#end(accountId);
    }
  }

  #of(accountId: AccountId): Minute {
    let minute = this.#minutes.get(accountId);
    if (minute === undefined) {
      const cancel = this.#timers.after(minuteMs, () => this.#end(accountId));
      this.#minutes.set(accountId, (minute = { admitted: new Map(), suppressed: 0, cancel }));
    }
    return minute;
  }

  #end(accountId: AccountId): void {
    const { suppressed = 0 } = this.#minutes.get(accountId) ?? {};
    this.#minutes.delete(accountId);
    if (suppressed > 0) this.#ended(accountId, suppressed);
  }
}
