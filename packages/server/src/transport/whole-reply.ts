const bytesAtFirst = 16 * 1024;

/**
 * A reply that is wanted as a whole, as it arrives. Copied into one buffer that doubles: a reply in pieces of one byte
 * each, kept as they come, would cost hundreds of times what it holds.
 */
export class WholeReply {
  readonly #bytesMax: number;
  readonly #take: (bytes: number) => boolean;
  #buffer: Uint8Array;
  #length = 0;

  constructor(bytesMax: number, take: (bytes: number) => boolean = () => true) {
    this.#bytesMax = bytesMax;
    this.#take = take;
    this.#buffer = new Uint8Array(0);
  }

  /** False when it is too large; nothing is kept then. */
  append(piece: Uint8Array): boolean {
    const length = this.#length + piece.byteLength;
    if (length > this.#bytesMax || !this.#take(piece.byteLength)) {
      this.#buffer = new Uint8Array(0);
      this.#length = 0;
      return false;
    }
    if (length > this.#buffer.byteLength) this.#grow(length);
    this.#buffer.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(lengthMin: number): void {
    const doubled = Math.max(lengthMin, this.#buffer.byteLength * 2, bytesAtFirst);
    const buffer = new Uint8Array(Math.min(doubled, this.#bytesMax));
    buffer.set(this.bytes());
    this.#buffer = buffer;
  }
}
