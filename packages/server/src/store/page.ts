/** One page of a listing. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Passed as `after`, it fetches the next page; null on the last page. */
  readonly next: string | null;
}

export interface PageRequest {
  /** `next` of the page before; null: the first page. */
  readonly after: string | null;
  readonly limit: number;
}
