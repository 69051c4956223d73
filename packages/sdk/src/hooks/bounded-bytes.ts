/** What a second piece makes room for at least. */
const GROWN_BYTES = 16 * 1024;
/** Never handed out: whoever gets bytes may transfer their buffer to another thread, and then it is gone. */
const nothing = new Uint8Array();

/**
 * Bytes that arrive piece by piece, up to a bound. Copied into one buffer that doubles: kept as they come, pieces of a
 * byte each would cost hundreds of times what they hold. Most replies are one short piece, which gets a buffer of its own
 * size: 16 KiB to begin with cost more than a microsecond, thirty times as much (measured on Node 26).
 */
export class BoundedBytes {
  #buffer: Uint8Array = nothing;
  #length = 0;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** false when it would be more than the bound; then as much of it is added as fits. */
  append(piece: Uint8Array): boolean {
    const length = this.#length + piece.length;
    if (length > this.#bytesMax) {
      this.append(piece.subarray(0, this.#bytesMax - this.#length));
      return false;
    }
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  /** What has come, or a view of it where the buffer has more. */
  taken(): Uint8Array {
    if (this.#length === 0) return new Uint8Array();
    return this.#length === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#length);
  }

  #grow(lengthMin: number): void {
    const length = this.#length === 0 ? lengthMin : Math.max(lengthMin, this.#buffer.length * 2, GROWN_BYTES);
    const buffer = new Uint8Array(Math.min(this.#bytesMax, length));
    buffer.set(this.taken());
    this.#buffer = buffer;
  }
}
