import type { Page, PageRequest } from "../../store/page.ts";
import { everyPage } from "../../store/every-page.ts";
import { cmqLimits } from "./cmq-limits.ts";
import type { Parameters } from "./parameters.ts";

/** A request for a part of a list. CMQ's pages begin at a position (`offset`), Ringback's at a cursor. */
export interface ListRequest {
  /** Text that a name must contain, in lower case. Empty: every name matches. */
  readonly searchWord: string;
  readonly offset: number;
  readonly limit: number;
}

export function listRequestOf(
  parameters: Parameters,
  { search = "searchWord", limitMax = cmqLimits.listLimitMax }: { search?: string; limitMax?: number } = {},
): ListRequest {
  return {
    searchWord: parameters.text(search)?.toLowerCase() ?? "",
    offset: parameters.integer("offset", 0, cmqLimits.listOffsetMax) ?? 0,
    limit: parameters.integer("limit", 0, limitMax) ?? cmqLimits.listLimitDefault,
  };
}

/**
 * Returns the items whose names contain the search word. At most `listScannedMax` entries are scanned, so `totalCount`
 * is never larger.
 */
export async function listItems<T extends { readonly name: string }>(
  request: ListRequest,
  readPage: (page: PageRequest) => Promise<Page<T>>,
): Promise<{ readonly totalCount: number; readonly items: readonly T[] }> {
  const items: T[] = [];
  let totalCount = 0;
  let scanned = 0;
  for await (const page of everyPage(readPage)) {
    for (const item of page) {
      if (!item.name.toLowerCase().includes(request.searchWord)) continue;
      if (totalCount >= request.offset && items.length < request.limit) items.push(item);
      totalCount++;
    }
    scanned += page.length;
    if (scanned >= cmqLimits.listScannedMax) break;
  }
  return { totalCount, items };
}
