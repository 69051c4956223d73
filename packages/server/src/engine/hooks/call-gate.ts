import { RingbackError } from "../../domain/errors.ts";

/** Counts calls in and out: so many at once and no more, and none once it is closed. */
export class CallGate {
  readonly #callsMax: number;
  #inside = 0;
  #closed = false;

  constructor(callsMax: number) {
    this.#callsMax = callsMax;
  }

  get inside(): number {
    return this.#inside;
  }

  /** Throws `shutting_down` and `overloaded`; whoever has entered leaves. */
  enter(): void {
    if (this.#closed) throw new RingbackError("shutting_down");
    if (this.#inside >= this.#callsMax) {
      throw new RingbackError(
        "overloaded",
        `${this.#callsMax} calls of hooks are under way already; try again shortly.`,
      );
    }
    this.#inside++;
  }

  leave(): void {
    this.#inside--;
  }

  close(): void {
    this.#closed = true;
  }
}
