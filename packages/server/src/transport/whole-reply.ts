/** Size of the buffer from the second piece on. */
const grownBytesMin = 16 * 1024;
const noBytes = new Uint8Array(0);

/**
 * Collects a whole reply in one buffer that doubles its size. Keeping the pieces as they arrive could take hundreds of
 * times the memory, if each piece is one byte. Most replies are one short piece, which gets a buffer of its size.
 */
export class WholeReply {
  readonly #bytesMax: number;
  readonly #take: (bytes: number) => boolean;
  #buffer: Uint8Array = noBytes;
  #length = 0;

  constructor(bytesMax: number, take: (bytes: number) => boolean = () => true) {
    this.#bytesMax = bytesMax;
    this.#take = take;
  }

  /** False: the reply is too large. As much as fits is kept, or nothing when `take` refused. */
  append(piece: Uint8Array): boolean {
    const room = this.#bytesMax - this.#length;
    const kept = piece.byteLength > room ? piece.subarray(0, room) : piece;
    if (!this.#take(kept.byteLength)) {
      this.#buffer = noBytes;
      this.#length = 0;
      return false;
    }
    const length = this.#length + kept.byteLength;
    if (length > this.#buffer.byteLength) this.#grow(length);
    this.#buffer.set(kept, this.#length);
    this.#length = length;
    return kept === piece;
  }

  bytes(): Uint8Array {
    return this.#length === this.#buffer.byteLength ? this.#buffer : this.#buffer.subarray(0, this.#length);
  }

  #grow(lengthMin: number): void {
    const length = this.#length === 0 ? lengthMin : Math.max(lengthMin, this.#buffer.byteLength * 2, grownBytesMin);
    const buffer = new Uint8Array(Math.min(length, this.#bytesMax));
    buffer.set(this.bytes());
    this.#buffer = buffer;
  }
}
