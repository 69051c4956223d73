/** Hands each message to its handler once, although senders deliver at least once. */

import { wholeNumber } from "./whole-number.ts";

/** What is remembered of handled messages; the oldest are forgotten first. */
export interface DeduplicationLimits {
  /** How many messages. One takes 100 to 400 bytes. Default 100,000. */
  readonly entriesMax?: number;
  /** For how long, in milliseconds. Default a day, which is as long as any of CMQ's retry policies goes on. */
  readonly ttlMs?: number;
}

const entriesMaxDefault = 100_000;
const ttlMsDefault = 24 * 60 * 60_000;
/** A Map holds no more than 2^24 entries in V8. */
const entriesMaxMax = 10_000_000;
/** A handler that has not ended by then may never do so; the message is handled anew when it comes again. */
export const joinableMsMax = 5 * 60_000;

interface Underway {
  readonly outcome: Promise<boolean>;
  readonly sinceMs: number;
}

export class Deduplication {
  readonly #entriesMax: number;
  readonly #ttlMs: number;
  readonly #clock: () => number;
  /** Bounded by the handlers that the program has running. */
  readonly #underway = new Map<string, Underway>();
  /** When each was handled; in that order, since a Map keeps the order of insertion. */
  readonly #handledAtMs = new Map<string, number>();

  constructor(limits: DeduplicationLimits, clock: () => number) {
    this.#entriesMax = wholeNumber("deduplicate.entriesMax", limits.entriesMax ?? entriesMaxDefault, 1, entriesMaxMax);
    this.#ttlMs = wholeNumber("deduplicate.ttlMs", limits.ttlMs ?? ttlMsDefault, 1, Number.MAX_SAFE_INTEGER);
    this.#clock = clock;
  }

  /** How many messages are remembered as handled. */
  get size(): number {
    return this.#handledAtMs.size;
  }

  /**
   * Whether the message is handled: known from before, or by what `handle` answers now. A message that arrives while it
   * is being handled waits for that outcome. Failures are not remembered, so the sender's retry is handled anew.
   */
  async once(key: string, handle: () => Promise<boolean>): Promise<boolean> {
    this.#forgetExpired();
    if (this.#handledAtMs.has(key)) return true;
    const nowMs = this.#clock();
    const underway = this.#underway.get(key);
    if (underway !== undefined && nowMs - underway.sinceMs < joinableMsMax) return await underway.outcome;
    const begun = { outcome: handle(), sinceMs: nowMs };
    this.#underway.set(key, begun);
    try {
      const handled = await begun.outcome;
      if (handled) this.#remember(key);
      return handled;
    } finally {
      if (this.#underway.get(key) === begun) this.#underway.delete(key);
    }
  }

  #remember(key: string): void {
    this.#handledAtMs.delete(key);
    if (this.#handledAtMs.size >= this.#entriesMax) this.#forgetOldest();
    this.#handledAtMs.set(key, this.#clock());
  }

  #forgetOldest(): void {
    const oldest = this.#handledAtMs.keys().next();
    if (oldest.done !== true) this.#handledAtMs.delete(oldest.value);
  }

  #forgetExpired(): void {
    const nowMs = this.#clock();
    for (const [key, handledAtMs] of this.#handledAtMs) {
      if (nowMs - handledAtMs < this.#ttlMs) return;
      this.#handledAtMs.delete(key);
    }
  }
}
