/** The two parts of a URL that an HTTP request needs. */
export interface Target {
  readonly origin: string;
  /** The path with the query; never empty. */
  readonly path: string;
}

/** A limit for programs that build their URLs dynamically. */
const targetsMax = 256;

/** Parses each URL once. The cache is emptied when it is full. */
export class TargetCache {
  readonly #targets = new Map<string, Target | null>();

  /** Returns null when the text is not a URL. */
  of(url: string): Target | null {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const target = targetOf(url);
    if (this.#targets.size >= targetsMax) this.#targets.clear();
    this.#targets.set(url, target);
    return target;
  }
}

function targetOf(url: string): Target | null {
  if (!URL.canParse(url)) return null;
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search };
}
