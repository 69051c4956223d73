/** Functions that are called with every notification. */
export class Listeners<A> {
  readonly #listeners: ((argument: A) => void)[] = [];

  add(listener: (argument: A) => void): void {
    this.#listeners.push(listener);
  }

  notify(argument: A): void {
    for (const listener of this.#listeners) listener(argument);
  }
}
