import { Mutex } from "./mutex.ts";

/** Runs tasks of the same key one after the other, and tasks of different keys concurrently. */
export class KeyedMutex {
  /** The mutexes of the keys that have a task. */
  readonly #mutexes = new Map<string, Mutex>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mutex = this.#mutexes.get(key) ?? new Mutex();
    this.#mutexes.set(key, mutex);
    try {
      return await mutex.run(work);
    } finally {
      if (mutex.isIdle) this.#mutexes.delete(key);
    }
  }

  /** Number of keys that have a task. */
  get size(): number {
    return this.#mutexes.size;
  }
}
