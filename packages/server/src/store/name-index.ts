import type { Page, PageRequest } from "./port.ts";

/** Things by name, with pages in the order of their names. Sorted when a page is wanted and something has changed. */
export class NameIndex<T> {
  readonly #byName = new Map<string, T>();
  #sorted: string[] | null = null;

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): T | undefined {
    return this.#byName.get(name);
  }

  set(name: string, value: T): void {
    if (!this.#byName.has(name)) this.#sorted = null;
    this.#byName.set(name, value);
  }

  delete(name: string): void {
    if (this.#byName.delete(name)) this.#sorted = null;
  }

  values(): IterableIterator<T> {
    return this.#byName.values();
  }

  page<V>({ after, limit }: PageRequest, view: (value: T) => V): Page<V> {
    const names = (this.#sorted ??= [...this.#byName.keys()].sort());
    const from = after === null ? 0 : firstAfter(names, after);
    const chosen = names.slice(from, from + limit);
    return {
      items: chosen.map((name) => view(this.#byName.get(name) as T)),
      next: from + limit < names.length ? (chosen.at(-1) ?? null) : null,
    };
  }
}

function firstAfter(names: readonly string[], after: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] as string) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
