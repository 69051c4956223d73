import { toEntry, type EntryRow } from "../catalog-rows.ts";
import { assertCondition } from "../../domain/write-condition.ts";
import type { EntryChange, EntryStore } from "../entries.ts";
import { EntryIndex } from "../entry-index.ts";
import { Listeners } from "../listeners.ts";
import type { StoreContext } from "./store-context.ts";

/** Entries are read from memory. A write changes the database first, then memory. */
export function sqliteEntries(context: StoreContext, rows: readonly EntryRow[]): EntryStore {
  const { clock, catalogMutex, commits } = context;
  const index = new EntryIndex();
  const changes = new Listeners<EntryChange>();
  for (const row of rows) index.set(row.account_id, toEntry(row));
  return {
    put: (accountId, kind, name, value, condition) =>
      catalogMutex.run(async () => {
        // Throws for an account that may have no further entries.
        context.limitsOf(accountId);
        const wanted = { kind, name, value, condition };
        const { entry, text, created, changed } = index.prepare(accountId, wanted, clock.wall());
        if (changed) {
          const { id, version, createdAtMs: created_at, updatedAtMs: updated_at } = entry;
          const row = { account_id: accountId, kind, name, id, version, value: text, created_at, updated_at };
          await commits.write("putEntry", row);
          index.set(accountId, entry);
          changes.notify({ accountId, kind, name });
        }
        return { entry, created };
      }),
    get: async (accountId, kind, name) => index.get(accountId, kind, name),
    find: async (kind, name) => index.find(kind, name),
    list: async (accountId, kind, page, label) => index.page(accountId, kind, page, label),
    listAll: async (accountId, limit) => index.all(accountId, limit),
    count: async (accountId) => index.count(accountId),
    delete: (accountId, kind, name, condition) =>
      catalogMutex.run(async () => {
        const entry = index.get(accountId, kind, name);
        if (entry === null) return false;
        assertCondition(condition, entry);
        await commits.write("deleteEntry", { accountId, kind, name });
        index.delete(accountId, kind, name);
        changes.notify({ accountId, kind, name });
        return true;
      }),
    onChange: (listener) => changes.add(listener),
  };
}
