import { randomInt } from "node:crypto";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { AccountId, Entry, EntryKind, TimeMs } from "../domain/model.ts";
import { assertCondition, type WriteCondition } from "../domain/write-condition.ts";
import { hasLabel, type Label } from "./label.ts";
import { NameIndex } from "./name-index.ts";
import type { Page, PageRequest } from "./page.ts";

/** The largest range of `randomInt`. */
const ID_MAX = 2 ** 48 - 1;

export interface EntryPut {
  readonly kind: EntryKind;
  readonly name: string;
  readonly value: unknown;
  readonly condition?: WriteCondition | undefined;
}

/** Entries in memory. A driver that has its database to itself keeps all entries here and writes them through. */
export class EntryIndex {
  readonly #entries = new Map<string, NameIndex<Entry>>();

  get(accountId: AccountId, kind: EntryKind, name: string): Entry | null {
    return this.#of(accountId, kind).get(name) ?? null;
  }

  page(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Page<Entry> {
    return this.#of(accountId, kind).page(
      page,
      (entry) => entry,
      ({ value }) => label === undefined || hasLabel(value, label),
    );
  }

  /**
   * Returns the entry that a put creates, and its value as text. Only `set` changes the index. Throws
   * `precondition_failed`, `entry_limit` and `invalid_request`.
   */
  prepare(
    accountId: AccountId,
    { kind, name, value, condition }: EntryPut,
    nowMs: TimeMs,
  ): { readonly entry: Entry; readonly text: string; readonly created: boolean; readonly changed: boolean } {
    const before = this.get(accountId, kind, name);
    assertCondition(condition, before);
    if (before === null && this.#of(accountId, kind).size >= limits.entriesMax) {
      throw new RingbackError("entry_limit", `The account has ${limits.entriesMax} of kind "${kind}" already.`);
    }
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) > limits.entryBytesMax) {
      throw new RingbackError("invalid_request", `The value is larger than ${limits.entryBytesMax} bytes.`);
    }
    if (before !== null && JSON.stringify(before.value) === text) {
      return { entry: before, text, created: false, changed: false };
    }
    const entry = entryOf(kind, name, text, {
      id: before?.id ?? randomInt(ID_MAX),
      version: (before?.version ?? 0) + 1,
      createdAtMs: before?.createdAtMs ?? nowMs,
      updatedAtMs: nowMs,
    });
    return { entry, text, created: before === null, changed: true };
  }

  set(accountId: AccountId, entry: Entry): void {
    this.#of(accountId, entry.kind).set(entry.name, entry);
  }

  /** Returns whether the entry existed. */
  delete(accountId: AccountId, kind: EntryKind, name: string): boolean {
    return this.#of(accountId, kind).delete(name);
  }

  #of(accountId: AccountId, kind: EntryKind): NameIndex<Entry> {
    const key = `${accountId} ${kind}`;
    let index = this.#entries.get(key);
    if (index === undefined) this.#entries.set(key, (index = new NameIndex()));
    return index;
  }
}

/** The value is parsed from its text, so that the object belongs to the store and equals what a later start reads. */
export function entryOf(
  kind: EntryKind,
  name: string,
  text: string,
  state: Omit<Entry, "kind" | "name" | "value">,
): Entry {
  return { kind, name, value: JSON.parse(text) as unknown, ...state };
}
