/** What a second piece makes room for at least. */
const grownBytes = 16 * 1024;
const noBytes = new Uint8Array(0);

/**
 * A reply that is wanted as a whole, as it arrives. Copied into one buffer that doubles: a reply in pieces of one byte
 * each, kept as they come, would cost hundreds of times what it holds. Most replies are one short piece, which gets a
 * buffer of its own size.
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

  /** False when it is too large: of that as much is kept as fits, and nothing at all where the caller has no room. */
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
    const length = this.#length === 0 ? lengthMin : Math.max(lengthMin, this.#buffer.byteLength * 2, grownBytes);
    const buffer = new Uint8Array(Math.min(length, this.#bytesMax));
    buffer.set(this.bytes());
    this.#buffer = buffer;
  }
}
