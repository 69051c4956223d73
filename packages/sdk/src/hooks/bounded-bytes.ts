const FIRST_BYTES = 16 * 1024;

/**
 * Bytes that arrive piece by piece, up to a bound. Copied into one buffer that doubles: kept as they come, pieces of a
 * byte each would cost hundreds of times what they hold.
 */
export class BoundedBytes {
  #buffer: Uint8Array;
  #length = 0;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#buffer = new Uint8Array(Math.min(FIRST_BYTES, bytesMax));
  }

  /** false when it would be more than the bound; then nothing is added. */
  append(piece: Uint8Array): boolean {
    const length = this.#length + piece.length;
    if (length > this.#bytesMax) return false;
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  /** A view of what has come, without what the buffer has too much. */
  taken(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(lengthMin: number): void {
    const buffer = new Uint8Array(Math.min(this.#bytesMax, Math.max(lengthMin, this.#buffer.length * 2)));
    buffer.set(this.taken());
    this.#buffer = buffer;
  }
}
