/** The least capacity that a buffer grows to, in bytes. */
const GROWN_BYTES_MIN = 16 * 1024;
/** The most bytes that are allocated for an announced length before the first byte has arrived. */
const ANNOUNCED_BYTES_MAX = 64 * 1024;
/**
 * The empty buffer of new instances. `bytes` never returns this buffer, because its caller may transfer the buffer to
 * another thread.
 */
const emptyBuffer = new Uint8Array();

/**
 * Bytes that arrive in pieces, up to a limit. The pieces are copied into one buffer that doubles in size, because a
 * list of one-byte pieces would take hundreds of times the memory of the bytes. Without an announced length the first
 * buffer has the size of the first piece. Most replies are one short piece, and allocating 16 KiB takes more than a
 * microsecond (measured on Node 26).
 */
export class BoundedBytes {
  readonly #bytesMax: number;
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** `announcedBytes` is the length in a Content-Length header, which may be wrong. */
  constructor(bytesMax: number, announcedBytes = 0) {
    this.#bytesMax = bytesMax;
    const bytes = Math.min(announcedBytes, bytesMax, ANNOUNCED_BYTES_MAX);
    this.#buffer = bytes === 0 ? emptyBuffer : new Uint8Array(bytes);
  }

  /** Returns false when the piece exceeds the limit. In that case the part of the piece that fits is kept. */
  append(piece: Uint8Array): boolean {
    const length = this.#length + piece.length;
    if (length > this.#bytesMax) {
      this.append(piece.subarray(0, this.#bytesMax - this.#length));
      return false;
    }
    if (length > this.#buffer.length) this.#growTo(length);
    // A body may consist of pieces of one byte, for which `set` takes ten times as long.
    if (piece.length === 1) this.#buffer[this.#length] = piece[0] as number;
    else this.#buffer.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  /**
   * Appends a stream to its end. Returns false as soon as the stream exceeds the limit. The stream is not cancelled
   * then, because cancelling closes the connection on some platforms, and the answer could not be sent.
   */
  async appendAll(stream: ReadableStream<Uint8Array> | null): Promise<boolean> {
    if (stream === null) return true;
    const reader = stream.getReader();
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return true;
        if (!this.append(value)) return false;
      }
    } finally {
      reader.releaseLock();
    }
  }

  /** Returns the bytes so far. When the buffer is longer than these bytes, the result is a view of the buffer. */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#length === 0) return new Uint8Array();
    return this.#length === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#length);
  }

  #growTo(length: number): void {
    const capacity = this.#length === 0 ? length : Math.max(length, 2 * this.#buffer.length, GROWN_BYTES_MIN);
    const buffer = new Uint8Array(Math.min(this.#bytesMax, capacity));
    buffer.set(this.bytes());
    this.#buffer = buffer;
  }
}
