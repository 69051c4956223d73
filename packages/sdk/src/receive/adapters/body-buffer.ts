/** Collects a body that arrives in pieces: never more than it may, and in one buffer however small the pieces are. */

/** What is set aside before the first byte is there, whatever length was announced. */
const firstBytesMax = 64 * 1024;

export class BodyBuffer {
  readonly #bodyBytesMax: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #used = 0;

  /** `announced` is what Content-Length says, which may be a lie. */
  constructor(bodyBytesMax: number, announced: number) {
    this.#bodyBytesMax = bodyBytesMax;
    this.#bytes = new Uint8Array(Math.min(announced, bodyBytesMax, firstBytesMax));
  }

  /** False when the body is past its bound now; the piece is not kept then. */
  append(piece: Uint8Array): boolean {
    const length = this.#used + piece.length;
    if (length > this.#bodyBytesMax) return false;
    if (length > this.#bytes.length) this.#growTo(length);
    this.#bytes.set(piece, this.#used);
    this.#used = length;
    return true;
  }

  /** What has arrived. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#used);
  }

  /** At least doubles, so that a body in tiny pieces is copied a bounded number of times. */
  #growTo(length: number): void {
    const grown = new Uint8Array(Math.min(this.#bodyBytesMax, Math.max(length, 2 * this.#bytes.length)));
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
  }
}

/** The length that a request announces; 0 when it announces none, or none that can be. */
export function announcedLength(contentLength: string | undefined | null): number {
  return contentLength !== undefined && contentLength !== null && /^\d{1,15}$/.test(contentLength)
    ? Number(contentLength)
    : 0;
}
