import { RingbackError } from "../domain/errors.ts";
import type { Page, PageRequest } from "./page.ts";

/** Pages of records are in descending order of id. Each page begins below the last id of the previous page. */
export function beforeId({ after }: PageRequest): number {
  if (after === null) return Number.MAX_SAFE_INTEGER;
  const id = toRecordId(after);
  if (id === null) throw new RingbackError("invalid_cursor");
  return id;
}

/** Returns null when no record can have this id. */
export function toRecordId(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** `rows` has one row more than the limit when there is a next page. */
export function recordPage<R extends { readonly id: number | string }, T>(
  rows: readonly R[],
  { limit }: PageRequest,
  view: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  return { items: shown.map(view), next: rows.length > limit ? String(shown.at(-1)?.id) : null };
}
