import { RingbackError } from "../../domain/errors.ts";
import type { Timers } from "../../domain/ports.ts";

/** Whether a request joins the batch, waits for a later batch while others may still join, or ends the batch. */
export type Choice = "join" | "wait" | "end";

/**
 * Requests join until the batch has `max` keys. A request with a key that is in the batch already must see the result
 * of the batch, so it ends the batch and begins the next one.
 */
export function distinctKeys<T>(keysOf: (request: T) => readonly string[], max: number): (request: T) => Choice {
  const seen = new Set<string>();
  return (request) => {
    const keys = keysOf(request);
    const isFull = seen.size > 0 && seen.size + keys.length > max;
    if (isFull || keys.some((key) => seen.has(key))) return "end";
    for (const key of keys) seen.add(key);
    return "join";
  };
}

interface Waiting<T, R> {
  readonly request: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

const WORKERS_MAX = 2;

/**
 * Collects requests and processes them one batch at a time. Requests that arrive in one turn of the event loop, or
 * while the previous batch is under way, share the next round trip.
 */
export abstract class Batches<T, R> {
  readonly #timers: Timers;
  readonly #lateMs: number | null;
  #waiting: Waiting<T, R>[] = [];
  #workers = 0;
  /** Number of workers whose batch takes longer than `lateMs`. */
  #late = 0;
  #idle: (() => void)[] = [];
  #isClosed = false;

  /** `lateMs`: when a batch takes longer, another batch may run concurrently. null: batches never run concurrently. */
  constructor(timers: Timers, lateMs: number | null = null) {
    this.#timers = timers;
    this.#lateMs = lateMs;
  }

  /**
   * Begins a batch. The returned function is called for each waiting request, in order. At least one request must join,
   * except while another batch is under way: the waiting requests are then offered again when that batch has ended.
   */
  protected abstract begin(): (request: T) => Choice;

  /**
   * Returns one result per request. An `Error` in the results rejects the request at the same index. A thrown error
   * rejects all requests of the batch.
   */
  protected abstract run(requests: readonly T[]): Promise<readonly (R | Error)[]>;

  protected add(request: T): Promise<R> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw new RingbackError("shutting_down");
      this.#waiting.push({ request, resolve, reject });
      this.#start();
    });
  }

  /** Refuses new requests. Resolves when every request has its result. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#workers > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #start(): void {
    if (this.#workers > this.#late || this.#workers === WORKERS_MAX) return;
    this.#workers++;
    this.#timers.soon(() => void this.#work());
  }

  async #work(): Promise<void> {
    // A late worker stops here when another worker has replaced it.
    while (this.#waiting.length > 0 && this.#workers - this.#late === 1) {
      const batch = this.#take();
      if (batch.length === 0) break;
      await this.#run(batch);
    }
    this.#workers--;
    if (this.#workers > 0) return;
    for (const wake of this.#idle.splice(0)) wake();
  }

  #take(): Waiting<T, R>[] {
    const choose = this.begin();
    const batch: Waiting<T, R>[] = [];
    const left: Waiting<T, R>[] = [];
    for (const [index, each] of this.#waiting.entries()) {
      const choice = choose(each.request);
      if (choice === "end") {
        this.#waiting = left.concat(this.#waiting.slice(index));
        return batch;
      }
      (choice === "join" ? batch : left).push(each);
    }
    this.#waiting = left;
    return batch;
  }

  async #run(batch: readonly Waiting<T, R>[]): Promise<void> {
    if (this.#lateMs === null) return this.#answer(batch);
    let isLate = false;
    const cancel = this.#timers.after(this.#lateMs, () => {
      isLate = true;
      this.#late++;
      if (this.#waiting.length > 0) this.#start();
    });
    await this.#answer(batch);
    cancel();
    if (isLate) this.#late--;
  }

  async #answer(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.run(batch.map(({ request }) => request));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index] as R | Error;
        if (result instanceof Error) reject(result);
        else resolve(result);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
