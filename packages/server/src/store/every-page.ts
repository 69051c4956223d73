import { limits } from "../domain/limits.ts";
import type { Page, PageRequest } from "./page.ts";

/** Reads a listing to its end, page by page, and returns the items of each page. */
export async function* everyPage<T>(read: (page: PageRequest) => Promise<Page<T>>): AsyncGenerator<readonly T[]> {
  let after: string | null = null;
  do {
    const page: Page<T> = await read({ after, limit: limits.pageItemsMax });
    yield page.items;
    after = page.next;
  } while (after !== null);
}
