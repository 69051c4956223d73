import { limits } from "../domain/limits.ts";
import type { Page, PageRequest } from "./page.ts";

/**
 * Reads a listing to its end, page by page, and returns the items of each page. `start`: the `next` of the page before
 * the first one.
 */
export async function* everyPage<T>(
  read: (page: PageRequest) => Promise<Page<T>>,
  start: string | null = null,
): AsyncGenerator<readonly T[]> {
  let after = start;
  do {
    const page: Page<T> = await read({ after, limit: limits.pageItemsMax });
    yield page.items;
    after = page.next;
  } while (after !== null);
}
