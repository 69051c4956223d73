import { crc32 } from "node:zlib";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Page, PageRequest } from "../store/page.ts";
import type { SearchPage } from "../store/search.ts";

/**
 * A page cursor of the API consists of the store's cursor and a checksum over that cursor and the name of the list.
 * With the checksum, a mistyped cursor or the cursor of another list is refused. The checksum is not a protection
 * against attacks, and none is needed, because the store treats a cursor as untrusted data.
 */
const checksumBytes = 4;

export function encodeCursor(listing: string, next: string): string {
  const checksum = Buffer.alloc(checksumBytes);
  checksum.writeUInt32BE(checksumOf(listing, next));
  return Buffer.concat([checksum, Buffer.from(next)]).toString("base64url");
}

export function decodeCursor(listing: string, cursor: string): string {
  const bytes = Buffer.from(cursor, "base64url");
  if (bytes.length > checksumBytes && bytes.toString("base64url") === cursor) {
    const next = bytes.toString("utf8", checksumBytes);
    if (bytes.readUInt32BE() === checksumOf(listing, next)) return next;
  }
  throw RingbackError.at("invalid_cursor", "after", "must be the `next` of a page of this list, with the same filter");
}

/** The values of `pageParameters`. */
export interface PageQuery {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/**
 * Reads one page of a list and returns the page in the form of the API. `listing`: the name of the list and its filter.
 */
export async function pageOfList<T, V>(
  listing: string,
  { after, limit = limits.pageItemsDefault }: PageQuery,
  read: (page: PageRequest) => Promise<Page<T>>,
  view: (item: T) => V,
): Promise<{ items: V[]; next: string | null }> {
  const page = await read({ after: after === undefined ? null : decodeCursor(listing, after), limit });
  return { items: page.items.map(view), next: page.next === null ? null : encodeCursor(listing, page.next) };
}

/** The page of a list with filters; otherwise like `pageOfList`. */
export async function pageOfSearch<T, V>(
  listing: string,
  query: PageQuery,
  read: (page: PageRequest) => Promise<SearchPage<T>>,
  view: (item: T) => V,
): Promise<{ items: V[]; next: string | null; examined: number }> {
  let examined = 0;
  const counted = async (request: PageRequest): Promise<Page<T>> => {
    const page = await read(request);
    ({ examined } = page);
    return page;
  };
  return { ...(await pageOfList(listing, query, counted, view)), examined };
}

function checksumOf(listing: string, next: string): number {
  return crc32(`${listing}\0${next}`);
}
