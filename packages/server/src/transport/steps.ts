/** Asynchronous steps of which each begins when the one before has ended. Cancelling cancels the newest step. */
export class Steps {
  #begun = 0;
  #cancel = (): void => {};

  /** `step` returns the function that cancels it. */
  begin(step: () => () => void): void {
    const number = ++this.#begun;
    const cancel = step();
    // `step` may already have ended and begun the next step, whose `cancel` must stay.
    if (number === this.#begun) this.#cancel = cancel;
  }

  readonly cancel = (): void => this.#cancel();
}
