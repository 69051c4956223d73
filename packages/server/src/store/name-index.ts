import type { Page, PageRequest } from "./page.ts";

/**
 * Things by name, with pages in the order of their names. Sorted when a page is wanted and something has changed. What
 * `isListed` refuses is found by its name and stands on no page.
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
    if (!this.#byName.has(name)) this.#came(name, 1);
    this.#byName.set(name, value);
  }

  delete(name: string): void {
    if (this.#byName.delete(name)) this.#came(name, -1);
  }

  values(): IterableIterator<T> {
    return this.#byName.values();
  }

  page<V>({ after, limit }: PageRequest, view: (value: T) => V): Page<V> {
    const names = (this.#sorted ??= [...this.#byName.keys()].filter(this.#isListed).sort());
    const from = after === null ? 0 : firstAfter(names, after);
    const chosen = names.slice(from, from + limit);
    return {
      items: chosen.map((name) => view(this.#byName.get(name) as T)),
      next: from + limit < names.length ? (chosen.at(-1) ?? null) : null,
    };
  }

  #came(name: string, by: 1 | -1): void {
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
