import type { TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";

interface Task {
  readonly atMs: TimeMs;
  /** Tasks of the same millisecond run in the order in which they were scheduled. */
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** More steps than this in one millisecond mean an endless loop. In production it would use all time of a CPU core. */
const STEPS_PER_MS_MAX = 50_000;

/**
 * Time that passes only when a test advances it. Between two tasks all pending promises continue, as between two turns
 * of the event loop. So a run depends only on the test and its seed.
 */
export class VirtualTime implements Clock, Timers {
  #nowMs: TimeMs = Date.UTC(2026, 0, 31, 8, 0, 0);
  #aheadMs = 0;
  #soon: (() => void)[] = [];
  /** A binary heap: the earliest first. */
  readonly #tasks: Task[] = [];
  #order = 0;
  #steps = 0;
  /** Called before each step. */
  onStep: () => void = () => {};

  now(): TimeMs {
    return this.#nowMs;
  }

  wall(steadyMs = this.#nowMs): TimeMs {
    return steadyMs + this.#aheadMs;
  }

  /** Sets the simulated machine's clock ahead, or back if `byMs` is negative. Timers do not notice. */
  jump(byMs: number): void {
    this.#aheadMs += byMs;
  }

  /** Sets the simulated machine's clock to this difference from the time that has really passed. */
  setAhead(aheadMs: number): void {
    this.#aheadMs = aheadMs;
  }

  /** The delay is at least one millisecond, as with `setTimeout`. */
  after(delayMs: number, run: () => void): () => void {
    const task = { atMs: this.#nowMs + Math.max(1, delayMs), order: ++this.#order, run, cancelled: false };
    this.#push(task);
    return () => {
      task.cancelled = true;
    };
  }

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Runs everything that can run without time passing. */
  async quiet(): Promise<void> {
    await turn();
    while (this.#soon.length > 0) {
      for (const run of this.#soon.splice(0)) {
        this.#step();
        run();
        await turn();
      }
    }
  }

  /** Lets the next `byMs` milliseconds pass. */
  async advance(byMs: number): Promise<void> {
    await this.#passUntil(this.#nowMs + byMs, () => false);
  }

  /** Lets time pass until the condition is true. Throws if the condition is still false after `withinMs`. */
  async until(condition: () => boolean, withinMs: number): Promise<void> {
    const untilMs = this.#nowMs + withinMs;
    await this.#passUntil(untilMs, condition);
    if (!condition()) throw new Error(`did not happen within ${withinMs} ms: ${condition.toString()}`);
  }

  /** Lets time pass until the promise is settled. */
  async untilSettled<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => (settled = true));
    watched.catch(() => {});
    await this.until(() => settled, 600_000);
    return watched;
  }

  async #passUntil(untilMs: TimeMs, condition: () => boolean): Promise<void> {
    await this.quiet();
    while (!condition()) {
      const next = this.#tasks[0];
      if (next === undefined || next.atMs > untilMs) {
        this.#moveTo(untilMs);
        return;
      }
      this.#moveTo(next.atMs);
      await this.#runDue();
      await this.quiet();
    }
  }

  /**
   * Runs the tasks that are due. As in a real turn of the event loop, all timers of one millisecond run before the
   * tasks of `soon`.
   */
  async #runDue(): Promise<void> {
    for (let task = this.#tasks[0]; task !== undefined && task.atMs <= this.#nowMs; task = this.#tasks[0]) {
      this.#pop();
      if (task.cancelled) continue;
      this.#step();
      task.run();
      await turn();
    }
  }

  #moveTo(atMs: TimeMs): void {
    if (atMs <= this.#nowMs) return;
    this.#nowMs = atMs;
    this.#steps = 0;
  }

  #step(): void {
    this.onStep();
    if (++this.#steps > STEPS_PER_MS_MAX) throw new Error(`more than ${STEPS_PER_MS_MAX} steps in one millisecond`);
  }

  #push(task: Task): void {
    const tasks = this.#tasks;
    let at = tasks.push(task) - 1;
    for (;;) {
      const parentAt = (at - 1) >> 1;
      const parent = tasks[parentAt];
      if (parent === undefined || isBefore(parent, task)) break;
      tasks[at] = parent;
      at = parentAt;
    }
    tasks[at] = task;
  }

  #pop(): void {
    const tasks = this.#tasks;
    const last = tasks.pop();
    if (last === undefined || tasks.length === 0) return;
    let at = 0;
    for (;;) {
      const left = tasks[2 * at + 1];
      const right = tasks[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const first = isRight ? right : left;
      if (isBefore(last, first)) break;
      tasks[at] = first;
      at = 2 * at + (isRight ? 2 : 1);
    }
    tasks[at] = last;
  }
}

function isBefore(one: Task, other: Task): boolean {
  return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
}

/** A real turn of the event loop, which ends when no promise can continue. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
