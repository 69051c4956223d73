/** JSON values under a kind and a name: hooks, inboxes, keys and everything else that the store only keeps. */

import type { AccountId, Entry, EntryKind } from "../domain/model.ts";
import type { Page, PageRequest } from "./page.ts";

export interface EntryStore {
  /**
   * Creates or replaces, durably. Of several processes that create one entry at once, one does. `only: "new"` leaves an
   * existing entry as it is. `entry_limit` past `limits.entriesMax` of a kind.
   */
  put(
    accountId: AccountId,
    kind: EntryKind,
    name: string,
    value: unknown,
    only?: "new",
  ): Promise<{ readonly entry: Entry; readonly created: boolean }>;
  /** Read for every call of a hook and every message of an inbox, so a driver caches it. */
  get(accountId: AccountId, kind: EntryKind, name: string): Promise<Entry | null>;
  /** In order of name. */
  list(accountId: AccountId, kind: EntryKind, page: PageRequest): Promise<Page<Entry>>;
  delete(accountId: AccountId, kind: EntryKind, name: string): Promise<boolean>;
}
