import type { RateSettings, TimeMs } from "../../domain/model.ts";

/** A start may be late by this time: by the limit of the engine, and by two slow calls of the store. */
const LATE_MS = 220;
/** The time within which the engine must know a changed rate. */
const LEARNED_MS = 200;

/**
 * Checks that over every window of time the number of starts is at most the burst and what the rate allows in it. A
 * token bucket checks all windows at once. Around a change, the larger one of both rates counts.
 */
export class RateJudge {
  #rates: { readonly rate: RateSettings | null; replacedAtMs: TimeMs }[] = [];
  #tokens: number | null = null;
  /** The most tokens that the rates of the last refill allow. */
  #full = 0;
  #atMs: TimeMs = 0;

  change(rate: RateSettings | null, nowMs: TimeMs): void {
    this.#refill(nowMs);
    const last = this.#rates.at(-1);
    if (last !== undefined) last.replacedAtMs = nowMs;
    this.#rates.push({ rate, replacedAtMs: Number.POSITIVE_INFINITY });
  }

  /** Returns whether the start breaks the promise. */
  started(nowMs: TimeMs): boolean {
    this.#refill(nowMs);
    if (this.#tokens === null) return false;
    this.#tokens--;
    // Reported once.
    if (this.#tokens >= -1e-6) return false;
    this.#tokens = 0;
    return true;
  }

  #refill(nowMs: TimeMs): void {
    const fromMs = this.#atMs;
    this.#atMs = nowMs;
    this.#rates = this.#rates.filter(({ replacedAtMs }) => replacedAtMs + LEARNED_MS >= fromMs);
    const rates = this.#rates.flatMap(({ rate }) => rate ?? []);
    if (rates.length < this.#rates.length || rates.length === 0) {
      this.#tokens = null;
      return;
    }
    const perSecond = Math.max(...rates.map((rate) => rate.perSecond));
    const full = Math.max(...rates.map(({ burst }) => burst)) + (perSecond * LATE_MS) / 1_000 + 1;
    // A larger burst is possible at once after silence.
    const added = Math.max(0, full - this.#full) + (perSecond * (nowMs - fromMs)) / 1_000;
    this.#tokens = Math.min(full, (this.#tokens ?? full) + added);
    this.#full = full;
  }
}
