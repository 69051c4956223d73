/** Where a URL leads, in the two parts that an HTTP request is made of. */
export interface Place {
  readonly origin: string;
  /** With the query; never empty. */
  readonly path: string;
}

/** A program has a few URLs; one that makes them up as it goes shall not fill its memory with them. */
const placesMax = 256;

/** Reads each URL once, as long as there are not too many of them. */
export class TargetCache {
  readonly #places = new Map<string, Place | null>();

  /** null for what is no URL. */
  of(url: string): Place | null {
    const known = this.#places.get(url);
    if (known !== undefined) return known;
    const place = placeOf(url);
    if (this.#places.size >= placesMax) this.#places.clear();
    this.#places.set(url, place);
    return place;
  }
}

function placeOf(url: string): Place | null {
  if (!URL.canParse(url)) return null;
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search };
}
