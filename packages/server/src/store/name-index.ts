import type { Page, PageRequest } from "./page.ts";

/**
 * Values by name, with pages in the order of the names. The names are sorted when a page is read after a change. A name
 * for which `isListed` returns false is on no page.
 */
export class NameIndex<T> {
  readonly #isListed: (name: string) => boolean;
  readonly #byName = new Map<string, T>();
  #listedCount = 0;
  #sorted: string[] | null = null;

  constructor(isListed: (name: string) => boolean = () => true) {
    this.#isListed = isListed;
  }

  get size(): number {
    return this.#byName.size;
  }

  get listedCount(): number {
    return this.#listedCount;
  }

  get(name: string): T | undefined {
    return this.#byName.get(name);
  }

  set(name: string, value: T): void {
    if (!this.#byName.has(name)) this.#count(name, 1);
    this.#byName.set(name, value);
  }

  /** Returns whether the name existed. */
  delete(name: string): boolean {
    const existed = this.#byName.delete(name);
    if (existed) this.#count(name, -1);
    return existed;
  }

  values(): IterableIterator<T> {
    return this.#byName.values();
  }

  /** `isWanted` filters the listing. Pages are full even when most values are filtered out. */
  page<V>({ after, limit }: PageRequest, view: (value: T) => V, isWanted: (value: T) => boolean = () => true): Page<V> {
    const names = this.#names();
    const items: V[] = [];
    let last: string | null = null;
    for (let index = after === null ? 0 : firstAfter(names, after); index < names.length; index++) {
      const name = names[index] as string;
      const value = this.#byName.get(name) as T;
      if (!isWanted(value)) continue;
      if (items.length === limit) return { items, next: last };
      items.push(view(value));
      last = name;
    }
    return { items, next: null };
  }

  /** Yields the values whose names are after the given one, in order; null: all of them. */
  *after(name: string | null): Generator<T> {
    const names = this.#names();
    for (let index = name === null ? 0 : firstAfter(names, name); index < names.length; index++) {
      yield this.#byName.get(names[index] as string) as T;
    }
  }

  #names(): readonly string[] {
    return (this.#sorted ??= [...this.#byName.keys()].filter(this.#isListed).sort());
  }

  #count(name: string, by: 1 | -1): void {
    if (!this.#isListed(name)) return;
    this.#listedCount += by;
    this.#sorted = null;
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
