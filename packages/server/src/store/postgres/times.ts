import type { TimeMs } from "../../domain/model.ts";
import { systemClock, type Clock } from "../../domain/ports.ts";

/**
 * Whose clock counts: the database's, which all nodes share. A test may give one of its own; it goes along with every statement
 * and stands for the database's there.
 */
export class Times {
  readonly #clock: Clock | null;

  constructor(clock: Clock | null) {
    this.#clock = clock;
  }

  /** As the first parameter of every function; null: the database looks at its own clock. */
  at(): TimeMs | null {
    return this.#clock?.now() ?? null;
  }

  /**
   * This process's own idea of the time. The engine thinks in it, so times that come from it or go to it travel as waits: a node whose
   * clock is wrong neither hurries nor delays what it parks.
   */
  about(): TimeMs {
    return (this.#clock ?? systemClock).now();
  }
}
