/** JSON values under a kind and a name: hooks, inboxes, keys and other resources whose content the store ignores. */

import type { AccountId, Entry, EntryKind } from "../domain/model.ts";
import type { WriteCondition } from "../domain/write-condition.ts";
import type { Label } from "./label.ts";
import type { Page, PageRequest } from "./page.ts";

export interface EntryStore {
  /**
   * Creates or replaces an entry durably; an equal value changes nothing. Of concurrent puts of one entry with the same
   * condition, only one succeeds. Throws `entry_limit` past `limits.entriesMax` entries of a kind.
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
  /** Lists entries in order of name. With a label, only entries whose value has the label. */
  list(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Promise<Page<Entry>>;
  /**
   * Returns false when there is no such entry. Throws `precondition_failed`.
   */
  delete(accountId: AccountId, kind: EntryKind, name: string, condition?: WriteCondition): Promise<boolean>;
}
