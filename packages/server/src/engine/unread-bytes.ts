/**
 * Bytes of messages that are on their way to readers, who may be slow: of one source, or of all of them together; and those
 * that are reserved meanwhile for what is being fetched.
 */
export class UnreadBytes {
  readonly #bytesMax: number;
  #bytes = 0;
  #reserved = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Nobody gets anything until some of it has arrived. */
  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  get isEmpty(): boolean {
    return this.#bytes + this.#reserved === 0;
  }

  /** Not before some of it has arrived. */
  isFullFor(bytes: number): boolean {
    return this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax;
  }

  /** False: not before something else has been fetched, or has arrived. */
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

  /** True: it was full, and is not any more. Somebody may have been turned away meanwhile. */
  remove(bytes: number): boolean {
    const wasFull = this.isFull;
    this.#bytes -= bytes;
    return wasFull && !this.isFull;
  }
}
