import type { TimeMs } from "../../domain/model.ts";
import { systemClock, type Clock } from "../../domain/ports.ts";

/**
 * The clock that counts: the database's, which all nodes share. A test may pass a clock of its own, whose time is then
 * sent with every statement and replaces the database's.
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
   * Approximate time by this process's clock. The engine uses that clock, so times that go to the engine or come from
   * it are sent as durations. A node with a wrong clock therefore neither hurries nor delays parked deliveries.
   */
  about(): TimeMs {
    return (this.#clock ?? systemClock).now();
  }
}
