import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { AccountId, Entry, EntryKind, TimeMs } from "../domain/model.ts";
import { NameIndex } from "./name-index.ts";
import type { Page, PageRequest } from "./page.ts";

/** Entries in memory. A driver that is alone with its database keeps all of them here and writes them through. */
export class EntryIndex {
  readonly #entries = new Map<string, NameIndex<Entry>>();

  get(accountId: AccountId, kind: EntryKind, name: string): Entry | null {
    return this.#of(accountId, kind).get(name) ?? null;
  }

  page(accountId: AccountId, kind: EntryKind, page: PageRequest): Page<Entry> {
    return this.#of(accountId, kind).page(page, (entry) => entry);
  }

  /** The entry as it is to be, and its value as text. `set` makes it so. Throws `entry_limit` and `invalid_request`. */
  prepare(
    accountId: AccountId,
    key: { readonly kind: EntryKind; readonly name: string },
    value: unknown,
    nowMs: TimeMs,
  ): { readonly entry: Entry; readonly text: string; readonly created: boolean; readonly changed: boolean } {
    const { kind, name } = key;
    const before = this.get(accountId, kind, name);
    if (before === null && this.#of(accountId, kind).size >= limits.entriesMax) {
      throw new RingbackError("entry_limit", `The account has ${limits.entriesMax} of kind "${kind}" already.`);
    }
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) > limits.entryBytesMax) {
      throw new RingbackError("invalid_request", `It is larger than ${limits.entryBytesMax} bytes.`);
    }
    if (before !== null && JSON.stringify(before.value) === text) {
      return { entry: before, text, created: false, changed: false };
    }
    const entry = entryOf(kind, name, text, { createdAtMs: before?.createdAtMs ?? nowMs, updatedAtMs: nowMs });
    return { entry, text, created: before === null, changed: true };
  }

  set(accountId: AccountId, entry: Entry): void {
    this.#of(accountId, entry.kind).set(entry.name, entry);
  }

  delete(accountId: AccountId, kind: EntryKind, name: string): void {
    this.#of(accountId, kind).delete(name);
  }

  #of(accountId: AccountId, kind: EntryKind): NameIndex<Entry> {
    const key = `${accountId} ${kind}`;
    let index = this.#entries.get(key);
    if (index === undefined) this.#entries.set(key, (index = new NameIndex()));
    return index;
  }
}

/** The value is read from its text, so that nobody else holds it and it is what a later start would read. */
export function entryOf(
  kind: EntryKind,
  name: string,
  text: string,
  times: { readonly createdAtMs: TimeMs; readonly updatedAtMs: TimeMs },
): Entry {
  return { kind, name, value: JSON.parse(text) as unknown, ...times };
}
