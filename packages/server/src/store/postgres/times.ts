import type { TimeMs } from "../../domain/model.ts";
import { systemClock, type Clock } from "../../domain/ports.ts";

/**
 * The clock of the store is the database's clock, which all nodes share. A test can pass another clock. Its time is
 * then sent with every statement and replaces the database's time.
 */
export class Times {
  readonly #clock: Clock | null;

  constructor(clock: Clock | null) {
    this.#clock = clock;
  }

  /** First parameter of every SQL function; null: the database uses its own clock. */
  at(): TimeMs | null {
    return this.#clock?.now() ?? null;
  }

  /**
   * Approximate time by this process's clock, which the engine also uses. Times of the engine are converted to
   * durations before they are sent to the database, and durations from the database to times. So a wrong clock on a
   * node does not shift parked deliveries.
   */
  about(): TimeMs {
    return (this.#clock ?? systemClock).now();
  }
}
