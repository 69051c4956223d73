import type { Clock, TimeMs, Timers } from "../time.ts";

/** Time that passes only when a test advances it. */
export class ManualTime implements Clock, Timers {
  #nowMs: TimeMs = 1_000_000;
  #tasks: { readonly atMs: TimeMs; readonly task: () => void }[] = [];
  /** How often a timer was set. */
  timersSet = 0;

  now(): TimeMs {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    this.timersSet += 1;
    const entry = { atMs: this.#nowMs + delayMs, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }

  soon(task: () => void): void {
    this.after(0, task);
  }

  get timersRunning(): number {
    return this.#tasks.length;
  }

  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (;;) {
      const [due] = this.#tasks.filter((entry) => entry.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
      if (due === undefined) break;
      this.#tasks = this.#tasks.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.task();
    }
    this.#nowMs = untilMs;
  }
}
