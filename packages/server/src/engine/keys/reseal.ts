import { untilWritten } from "../../domain/write-condition.ts";
import type { AccountEntries } from "../../store/account-entries.ts";
import type { PageRequest } from "../../store/page.ts";

/** The result of sealing one page of secrets again, with the first master key. */
export interface Resealed {
  /** Number of the resources whose secrets were sealed again. */
  readonly count: number;
  /** The start of the next page; null: this was the last one. */
  readonly next: string | null;
}

/**
 * Seals the secrets of one page of entries again. `reseal` returns the same object if nothing has to change. An entry
 * that another request changes at the same time keeps that change.
 */
export async function resealPage<T>(
  entries: AccountEntries<T>,
  page: PageRequest,
  reseal: (value: T, name: string) => Promise<T>,
): Promise<Resealed> {
  const { items, next } = await entries.list(page, ({ name }) => name);
  let count = 0;
  for (const name of items) {
    const isChanged = await untilWritten(async () => {
      const entry = await entries.get(name);
      if (entry === null) return false;
      const value = await reseal(entry.value, name);
      if (value === entry.value) return false;
      await entries.put(name, value, entry);
      return true;
    });
    if (isChanged) count++;
  }
  return { count, next };
}

/** Replaces the sealed text of an object. Returns the same object if the text stays the same. */
export async function withSealed<T extends { readonly sealed: string }>(
  holder: T,
  reseal: (sealed: string) => Promise<string>,
): Promise<T> {
  const sealed = await reseal(holder.sealed);
  return sealed === holder.sealed ? holder : { ...holder, sealed };
}
