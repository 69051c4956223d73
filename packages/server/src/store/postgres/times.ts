import type { TimeMs } from "../../domain/model.ts";
import { CautiousClock } from "../../domain/clock-rules.ts";
import { systemClock, type Clock, type Moment } from "../../domain/ports.ts";

/** Result of `ringback.tick`. */
export interface Tick {
  readonly steady: TimeMs;
  readonly wall: TimeMs;
  /** Unix time of the last tick before, of any node. */
  readonly last_wall: TimeMs;
  /** By how much the database's clock was set since the last tick; negative: back. */
  readonly jumped_ms: number;
}

/**
 * The clock of the store is the database's clock, which all nodes share. A test can pass another clock. Its time is
 * then sent with every statement and replaces the database's time.
 */
export class Times implements Clock {
  readonly #testClock: Clock | null;
  #last: (Moment & { readonly atMs: number }) | null = null;
  #ages: CautiousClock | null = null;

  constructor(testClock: Clock | null) {
    this.#testClock = testClock;
  }

  /** First parameter of every SQL function: steady time and Unix time; null: the database uses its own clock. */
  at(): readonly [TimeMs, TimeMs] | null {
    const clock = this.#testClock;
    return clock === null ? null : [clock.now(), clock.wall()];
  }

  /** As `at`, for statements that remove what is too old. */
  forAges(): readonly [TimeMs | null, TimeMs] {
    this.#ages ??= new CautiousClock(this, null);
    return [this.#testClock?.now() ?? null, this.#ages.now()];
  }

  /** Approximate steady time of the database. */
  now(): TimeMs {
    if (this.#testClock !== null) return this.#testClock.now();
    return this.#last === null ? systemClock.now() : Math.floor(this.#last.nowMs + performance.now() - this.#last.atMs);
  }

  /** By the database's clock at the last heartbeat. */
  wall(steadyMs: TimeMs = this.now()): TimeMs {
    if (this.#testClock !== null) return this.#testClock.wall(steadyMs);
    return this.#last === null ? systemClock.wall(steadyMs) : steadyMs + this.#last.wallMs - this.#last.nowMs;
  }

  /**
   * Steady time by this process's clock, which the engine also uses. Times of the engine are converted to durations
   * before they are sent to the database, and durations from the database to times. So a wrong clock on a node does not
   * shift parked deliveries.
   */
  about(): TimeMs {
    return (this.#testClock ?? systemClock).now();
  }

  /**
   * Parameters of `ringback.tick`: the steady time of the last tick of this process, and how much time has passed since
   * then, at least.
   */
  sinceLast(): readonly [TimeMs | null, number | null] {
    return this.#last === null ? [null, null] : [this.#last.nowMs, Math.floor(performance.now() - this.#last.atMs)];
  }

  /** Called after each tick. The first tick starts the steady time of this process. */
  ticked({ steady, wall, last_wall }: Tick): void {
    const isFirst = this.#last === null;
    this.#last = { nowMs: steady, wallMs: wall, atMs: performance.now() };
    if (!isFirst || this.#testClock !== null) return;
    this.#ages = new CautiousClock(this, last_wall);
    systemClock.continueFrom({ nowMs: steady, wallMs: systemClock.wall() });
  }
}
