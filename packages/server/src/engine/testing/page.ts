import { RingbackError } from "../../domain/errors.ts";
import type { Page, PageRequest } from "../../store/page.ts";

/** `items` in the order in which they are listed; `keyOf` names each for the next page. */
export function pageOf<T>(items: readonly T[], page: PageRequest, keyOf: (item: T) => string): Page<T> {
  let from = 0;
  if (page.after !== null) {
    from = items.findIndex((item) => keyOf(item) === page.after) + 1;
    if (from === 0) throw new RingbackError("invalid_cursor");
  }
  const shown = items.slice(from, from + page.limit);
  const last = shown.at(-1);
  const isLast = last === undefined || from + shown.length >= items.length;
  return { items: shown, next: isLast ? null : keyOf(last) };
}
