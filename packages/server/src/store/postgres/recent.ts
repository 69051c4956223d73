/** A bounded cache of recent reads; the oldest entry is removed first. */
export class Recent<K, V> {
  readonly #max: number;
  readonly #values = new Map<K, V>();

  constructor(max: number) {
    this.#max = max;
  }

  get(key: K): V | undefined {
    return this.#values.get(key);
  }

  set(key: K, value: V): void {
    if (this.#values.size >= this.#max && !this.#values.has(key)) {
      for (const oldest of this.#values.keys()) {
        this.#values.delete(oldest);
        break;
      }
    }
    this.#values.set(key, value);
  }

  delete(key: K): void {
    this.#values.delete(key);
  }

  keys(): readonly K[] {
    return [...this.#values.keys()];
  }

  deleteWhere(gone: (value: V) => boolean): void {
    for (const [key, value] of this.#values) if (gone(value)) this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }
}
