/** One page of a listing. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The value of `after` that fetches the next page; null on the last page. */
  readonly next: string | null;
}

export interface PageRequest {
  /** `next` of the previous page; null: fetches the first page. */
  readonly after: string | null;
  readonly limit: number;
}
