import type { DeduplicationStore } from "./deduplication-store.ts";
import { wholeNumber } from "./whole-number.ts";

/** Limits of the memory of handled messages. The oldest messages are forgotten first. */
export interface DeduplicationLimits {
  /** The most messages. Each takes 100 to 400 bytes. Default: 100,000. */
  readonly entriesMax?: number;
  /**
   * How long a message is remembered, in milliseconds: longer than the sender retries. Default: four days, because
   * Ringback's retry policy `webhook` takes up to 83 hours.
   */
  readonly ttlMs?: number;
}

const entriesMaxDefault = 100_000;
/** The largest allowed `entriesMax`. V8 allows at most 2^24 entries in a Map. */
const entriesMaxMax = 10_000_000;

/**
 * Remembers handled messages until the process ends. The store has no claims, because `Deduplication` itself joins the
 * repetitions that one process gets.
 */
export class MemoryDeduplicationStore implements DeduplicationStore {
  readonly #entriesMax: number;
  readonly #clock: () => number;
  /** The time at which each message is forgotten. A Map keeps the order of insertion, so the oldest entry is first. */
  readonly #untilMs = new Map<string, number>();

  constructor({ entriesMax = entriesMaxDefault }: DeduplicationLimits, clock: () => number) {
    this.#entriesMax = wholeNumber("deduplicate.entriesMax", entriesMax, 1, entriesMaxMax);
    this.#clock = clock;
  }

  /** The number of messages that are remembered as handled. */
  get size(): number {
    return this.#untilMs.size;
  }

  claim(key: string): "new" | "done" {
    const nowMs = this.#clock();
    for (const [oldest, untilMs] of this.#untilMs) {
      if (nowMs < untilMs) break;
      this.#untilMs.delete(oldest);
    }
    return this.#untilMs.has(key) ? "done" : "new";
  }

  done(key: string, _owner: string, keepMs: number): void {
    this.#untilMs.delete(key);
    for (const oldest of this.#untilMs.keys()) {
      if (this.#untilMs.size < this.#entriesMax) break;
      this.#untilMs.delete(oldest);
    }
    this.#untilMs.set(key, this.#clock() + keepMs);
  }

  /** Nothing to do without claims. */
  release(): void {}
}
