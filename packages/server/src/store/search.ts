import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { TimeMs } from "../domain/model.ts";
import type { Page, PageRequest } from "./page.ts";
import type { TimeRange } from "./record-filters.ts";

/** Pages of a list with a filter. A search reads records in the order of the list and leaves out those that differ. */

/** A page can be short, or even empty, although `next` is not null. The next page then continues the search. */
export interface SearchPage<T> extends Page<T> {
  /** How many records were read to find the items. */
  readonly examined: number;
}

/** A record that a search has read. */
export interface Examined<T> {
  /** The value of `after` with which a search continues behind this record. */
  readonly position: string;
  /** null: the filter does not match. */
  readonly item: T | null;
}

/** Reads the next `count` records behind a position, or all that are left. null: from the start. */
export type ReadExamined<T> = (after: string | null, count: number) => Promise<readonly Examined<T>[]>;

/** `examinedMax`: how many records the search may read for one page; at least one more than the page has items. */
export async function searchPage<T>(
  { after, limit }: PageRequest,
  read: ReadExamined<T>,
  examinedMax: number = limits.recordsExaminedMax,
): Promise<SearchPage<T>> {
  const items: T[] = [];
  let last = after;
  let examined = 0;
  // The first read is enough for a page of records that all match, and for the question whether another page follows.
  let count = Math.min(limit + 1, examinedMax);
  for (;;) {
    const records = await read(last, count);
    for (const { position, item } of records) {
      if (item !== null && items.length === limit) return { items, next: last, examined };
      if (item !== null) items.push(item);
      last = position;
      examined++;
    }
    if (records.length < count) return { items, next: null, examined };
    if (examined >= examinedMax) return { items, next: last, examined };
    count = Math.min(limits.recordsPerReadMax, examinedMax - examined);
  }
}

/** The place of a record in a list that is sorted by time and id, newest first. */
export interface RecordPosition {
  readonly atMs: TimeMs;
  readonly id: number;
}

const positionForm = /^(\d{1,16})\.(\d{1,15})$/;

export function positionText({ atMs, id }: RecordPosition): string {
  return `${atMs}.${id}`;
}

/** Returns the position before which a search begins. Throws `invalid_cursor`. */
export function searchStart(after: string | null, { toMs }: TimeRange): RecordPosition {
  const end = { atMs: toMs ?? Number.MAX_SAFE_INTEGER, id: 0 };
  if (after === null) return end;
  const [, at, id] = positionForm.exec(after) ?? [];
  if (at === undefined || id === undefined) throw new RingbackError("invalid_cursor");
  const start = { atMs: Number(at), id: Number(id) };
  return start.atMs < end.atMs ? start : end;
}

/** Sorts newest first. */
export function byPosition(one: RecordPosition, other: RecordPosition): number {
  return other.atMs - one.atMs || other.id - one.id;
}

/** Writes a parameter of a statement. Both SQL drivers number their parameters. */
export type Parameter = (number: number, type: string) => string;
