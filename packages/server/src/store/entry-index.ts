import { RingbackError } from "../domain/errors.ts";
import { eventTypeLimits } from "../domain/event-type-limits.ts";
import { eventTypeKind } from "../domain/event-type-rules.ts";
import { limits } from "../domain/limits.ts";
import type { AccountId, Entry, EntryKind, TimeMs } from "../domain/model.ts";
import { assertCondition, type WriteCondition } from "../domain/write-condition.ts";
import { isUniqueKind } from "./entries.ts";
import { hasLabel, type Label } from "./label.ts";
import { NameIndex } from "./name-index.ts";
import { randomId } from "./random-id.ts";
import type { Page, PageRequest } from "./page.ts";

export interface EntryPut {
  readonly kind: EntryKind;
  readonly name: string;
  readonly value: unknown;
  readonly condition?: WriteCondition | undefined;
}

/** Entries in memory. A driver that has its database to itself keeps all entries here and writes them through. */
export class EntryIndex {
  readonly #entries = new Map<AccountId, Map<EntryKind, NameIndex<Entry>>>();
  /** The accounts of the entries of unique kinds. */
  readonly #accounts = new Map<string, AccountId>();

  get(accountId: AccountId, kind: EntryKind, name: string): Entry | null {
    return this.#of(accountId, kind).get(name) ?? null;
  }

  find(kind: EntryKind, name: string): { readonly accountId: AccountId; readonly entry: Entry } | null {
    const accountId = this.#accounts.get(`${kind} ${name}`);
    const entry = accountId === undefined ? null : this.get(accountId, kind, name);
    return accountId === undefined || entry === null ? null : { accountId, entry };
  }

  page(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Page<Entry> {
    return this.#of(accountId, kind).page(
      page,
      (entry) => entry,
      ({ value }) => label === undefined || hasLabel(value, label),
    );
  }

  /** Returns up to `limit` entries of all kinds. */
  all(accountId: AccountId, limit: number): readonly Entry[] {
    const entries: Entry[] = [];
    for (const index of this.#entries.get(accountId)?.values() ?? []) {
      for (const entry of index.values()) {
        if (entries.length === limit) return entries;
        entries.push(entry);
      }
    }
    return entries;
  }

  count(accountId: AccountId): number {
    let count = 0;
    for (const { size } of this.#entries.get(accountId)?.values() ?? []) count += size;
    return count;
  }

  /**
   * Returns the entry that a put creates, and its value as text. Only `set` changes the index. Throws
   * `precondition_failed`, `name_taken`, `entry_limit` and `invalid_request`.
   */
  prepare(
    accountId: AccountId,
    { kind, name, value, condition }: EntryPut,
    nowMs: TimeMs,
  ): { readonly entry: Entry; readonly text: string; readonly created: boolean; readonly changed: boolean } {
    const before = this.get(accountId, kind, name);
    assertCondition(condition, before);
    if (before === null && this.find(kind, name) !== null) throw nameTaken();
    if (before === null && this.#of(accountId, kind).size >= entriesMax(kind)) {
      throw new RingbackError("entry_limit", `The account has ${entriesMax(kind)} of kind "${kind}" already.`);
    }
    const text = JSON.stringify(value);
    if (Buffer.byteLength(text) > limits.entryBytesMax) {
      throw new RingbackError("invalid_request", `The value is larger than ${limits.entryBytesMax} bytes.`);
    }
    if (before !== null && JSON.stringify(before.value) === text) {
      return { entry: before, text, created: false, changed: false };
    }
    const entry = entryOf(kind, name, text, {
      id: before?.id ?? randomId(),
      version: (before?.version ?? 0) + 1,
      createdAtMs: before?.createdAtMs ?? nowMs,
      updatedAtMs: nowMs,
    });
    return { entry, text, created: before === null, changed: true };
  }

  set(accountId: AccountId, entry: Entry): void {
    let kinds = this.#entries.get(accountId);
    if (kinds === undefined) this.#entries.set(accountId, (kinds = new Map()));
    let index = kinds.get(entry.kind);
    if (index === undefined) kinds.set(entry.kind, (index = new NameIndex()));
    index.set(entry.name, entry);
    if (isUniqueKind(entry.kind)) this.#accounts.set(`${entry.kind} ${entry.name}`, accountId);
  }

  /** Returns whether the entry existed. */
  delete(accountId: AccountId, kind: EntryKind, name: string): boolean {
    const key = `${kind} ${name}`;
    if (this.#accounts.get(key) === accountId) this.#accounts.delete(key);
    const kinds = this.#entries.get(accountId);
    const index = kinds?.get(kind);
    const existed = index?.delete(name) === true;
    if (index?.size === 0) kinds?.delete(kind);
    if (kinds?.size === 0) this.#entries.delete(accountId);
    return existed;
  }

  /** Does not add the index, so that a lookup for an account without entries leaves nothing behind. */
  #of(accountId: AccountId, kind: EntryKind): NameIndex<Entry> {
    return this.#entries.get(accountId)?.get(kind) ?? new NameIndex();
  }
}

export function nameTaken(): RingbackError {
  return new RingbackError("name_taken");
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

function entriesMax(kind: EntryKind): number {
  return kind === eventTypeKind ? eventTypeLimits.eventTypesMax : limits.entriesMax;
}
