import { crc32 } from "node:zlib";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Page, PageRequest } from "../store/page.ts";

/**
 * The page cursor of the API is the store's cursor with a checksum over it and over the name of its list. A mistyped
 * cursor, or the cursor of another list, is refused and not silently misread. The checksum protects no secret: the
 * store treats a cursor as data in any case.
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

/** Reads one page of a list, and returns it as the API shows it. `listing` names the list and its filter. */
export async function pageOfList<T, V>(
  listing: string,
  { after, limit = limits.pageItemsDefault }: { readonly after?: string; readonly limit?: number },
  read: (page: PageRequest) => Promise<Page<T>>,
  view: (item: T) => V,
): Promise<{ items: V[]; next: string | null }> {
  const page = await read({ after: after === undefined ? null : decodeCursor(listing, after), limit });
  return { items: page.items.map(view), next: page.next === null ? null : encodeCursor(listing, page.next) };
}

function checksumOf(listing: string, next: string): number {
  return crc32(`${listing}\0${next}`);
}
