/** JSON values under a kind and a name: hooks, inboxes, keys and other resources whose content the store ignores. */

import type { AccountId, Entry, EntryKind } from "../domain/model.ts";
import type { WriteCondition } from "../domain/write-condition.ts";
import type { Label } from "./label.ts";
import type { Page, PageRequest } from "./page.ts";

/**
 * A kind that begins with `@` has names that are unique over all accounts, such as the ids of API keys. `find` returns
 * their entries for a caller that does not know the account yet.
 */
export function isUniqueKind(kind: EntryKind): boolean {
  return kind.startsWith("@");
}

/** The entry that has changed; null: any entry may have changed. */
export type EntryChange = { readonly accountId: AccountId; readonly kind: EntryKind; readonly name: string } | null;

export interface EntryStore {
  /**
   * Creates or replaces an entry durably; an equal value changes nothing. Of concurrent puts of one entry with the same
   * condition, only one succeeds. Throws `entry_limit` past `limits.entriesMax` entries of a kind, and `name_taken` for
   * an entry of a unique kind whose name another account has.
   */
  put(
    accountId: AccountId,
    kind: EntryKind,
    name: string,
    value: unknown,
    condition?: WriteCondition,
  ): Promise<{ readonly entry: Entry; readonly created: boolean }>;
  /** Entries are read for every call of a hook and every message of an inbox, so a driver must cache them. */
  get(accountId: AccountId, kind: EntryKind, name: string): Promise<Entry | null>;
  /** Finds the entry of a unique kind, whatever its account. */
  find(kind: EntryKind, name: string): Promise<{ readonly accountId: AccountId; readonly entry: Entry } | null>;
  /** Lists entries in order of name. With a label, only entries whose value has the label. */
  list(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Promise<Page<Entry>>;
  /** Lists entries of all kinds. Returns up to `limit` entries. */
  listAll(accountId: AccountId, limit: number): Promise<readonly Entry[]>;
  /** Returns the number of the account's entries of all kinds. */
  count(accountId: AccountId): Promise<number>;
  /**
   * Returns false when there is no such entry. Throws `precondition_failed`.
   */
  delete(accountId: AccountId, kind: EntryKind, name: string, condition?: WriteCondition): Promise<boolean>;
  /** Calls the listener after each change that this process sees, also changes by other processes. */
  onChange(listener: (change: EntryChange) => void): void;
}
