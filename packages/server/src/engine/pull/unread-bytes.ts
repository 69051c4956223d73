/**
 * Limits the message bytes in memory for the receivers of one subscription, or of all subscriptions together (`total`).
 * Before a claim its largest possible size is reserved. After the claim the real bytes count as unread until the
 * receiver has read them.
 */
export class UnreadBytes {
  readonly #bytesMax: number;
  readonly #total: UnreadBytes | null;
  readonly #retries = new Set<() => void>();
  #unread = 0;
  #reserved = 0;

  constructor(bytesMax: number, total: UnreadBytes | null = null) {
    this.#bytesMax = bytesMax;
    this.#total = total;
  }

  get isUnused(): boolean {
    return this.#unread + this.#reserved === 0;
  }

  /** Bytes that may be reserved now. */
  get free(): number {
    const free = this.#bytesMax - this.#unread - this.#reserved;
    return this.#total === null ? free : Math.min(free, this.#total.free);
  }

  /**
   * True if fewer than `bytes` would be free even without the reserved bytes. Only receivers that read can change that.
   */
  isFullFor(bytes: number): boolean {
    return this.#unread + bytes > this.#bytesMax || (this.#total?.isFullFor(bytes) ?? false);
  }

  reserve(bytes: number): void {
    this.#reserved += bytes;
    this.#total?.reserve(bytes);
  }

  add(bytes: number): void {
    this.#unread += bytes;
    this.#total?.add(bytes);
  }

  unreserve(bytes: number): void {
    this.#reserved -= bytes;
    this.#total?.unreserve(bytes);
    this.#runRetries();
  }

  remove(bytes: number): void {
    this.#unread -= bytes;
    this.#total?.remove(bytes);
    this.#runRetries();
  }

  /** Calls `retry` once, as soon as any bytes are free again. */
  whenFreed(retry: () => void): void {
    if (this.#total === null) this.#retries.add(retry);
    else this.#total.whenFreed(retry);
  }

  #runRetries(): void {
    if (this.#retries.size === 0) return;
    const retries = [...this.#retries];
    this.#retries.clear();
    for (const retry of retries) retry();
  }
}
