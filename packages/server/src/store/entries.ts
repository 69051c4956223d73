/** JSON values under a kind and a name: hooks, inboxes, keys and other resources whose content the store ignores. */

import type { AccountId, Entry, EntryKind } from "../domain/model.ts";
import type { WriteCondition } from "../domain/write-condition.ts";
import type { Label } from "./label.ts";
import type { Page, PageRequest } from "./page.ts";

export interface EntryStore {
  /**
   * Creates or replaces, durably; a value equal to the entry's own changes nothing. Of concurrent
   * puts of one entry under one condition, one succeeds. Throws `entry_limit` past `limits.entriesMax` of a kind.
   */
  put(
    accountId: AccountId,
    kind: EntryKind,
    name: string,
    value: unknown,
    condition?: WriteCondition,
  ): Promise<{ readonly entry: Entry; readonly created: boolean }>;
  /** Read for every call of a hook and every message of an inbox, so a driver caches it. */
  get(accountId: AccountId, kind: EntryKind, name: string): Promise<Entry | null>;
  /** In order of name; only those whose value has the label, if one is given. */
  list(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Promise<Page<Entry>>;
  /**
   * False: no such entry. Throws `precondition_failed`.
   */
  delete(accountId: AccountId, kind: EntryKind, name: string, condition?: WriteCondition): Promise<boolean>;
}
