/**
 * Memory budget for messages on their way to clients, which may read slowly. Counts the bytes that were sent and not read, and the
 * bytes reserved for messages that are being fetched.
 */
export class UnreadBytes {
  readonly #bytesMax: number;
  #bytes = 0;
  #reserved = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  get isEmpty(): boolean {
    return this.#bytes + this.#reserved === 0;
  }

  /** True: these bytes exceed the budget. A single message always fits. */
  isFullFor(bytes: number): boolean {
    return this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax;
  }

  /** False: the bytes exceed the budget. The first reservation always succeeds. */
  reserve(bytes: number): boolean {
    if (!this.isEmpty && this.#bytes + this.#reserved + bytes > this.#bytesMax) return false;
    this.#reserved += bytes;
    return true;
  }

  unreserve(bytes: number): void {
    this.#reserved -= bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** True: the budget was full and no longer is. Requests that were turned away meanwhile may try again. */
  remove(bytes: number): boolean {
    const wasFull = this.isFull;
    this.#bytes -= bytes;
    return wasFull && !this.isFull;
  }
}
