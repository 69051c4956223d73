import type { Timers } from "../../domain/ports.ts";

/** Encoding a body of this size takes up to a millisecond. */
const largeBytesMin = 64 * 1024;

/**
 * Encodes large messages one after the other, each in a separate turn of the event loop. The deliveries of one claim
 * can have hundreds of megabytes. Encoded at once, they would keep every other request waiting for seconds.
 */
export class LargeEncodings {
  readonly #timers: Pick<Timers, "soon">;
  readonly #waiting: (() => void)[] = [];

  constructor(timers: Pick<Timers, "soon">) {
    this.#timers = timers;
  }

  /** Calls `encode` for a body of this size: at once if the body is small. */
  run(bytes: number, encode: () => void): void {
    if (bytes < largeBytesMin) encode();
    else if (this.#waiting.push(encode) === 1) this.#timers.soon(this.#next);
  }

  readonly #next = (): void => {
    const encode = this.#waiting.shift();
    if (this.#waiting.length > 0) this.#timers.soon(this.#next);
    encode?.();
  };
}
