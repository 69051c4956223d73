import type { AccountId, Entry, EntryKind } from "../../domain/model.ts";
import { toEntry, type EntryRow } from "../catalog-rows.ts";
import { assertCondition, type WriteCondition } from "../../domain/write-condition.ts";
import type { EntryStore } from "../entries.ts";
import { EntryIndex } from "../entry-index.ts";
import type { Label } from "../label.ts";
import type { Page, PageRequest } from "../page.ts";
import type { StoreContext } from "./store-context.ts";

/** Entries are read from memory. A write changes the database first, then memory. */
export class SqliteEntries implements EntryStore {
  readonly #context: StoreContext;
  readonly #index = new EntryIndex();

  constructor(context: StoreContext, rows: readonly EntryRow[]) {
    this.#context = context;
    for (const row of rows) this.#index.set(row.account_id, toEntry(row));
  }

  put(
    accountId: AccountId,
    kind: EntryKind,
    name: string,
    value: unknown,
    condition?: WriteCondition,
  ): Promise<{ readonly entry: Entry; readonly created: boolean }> {
    const { clock, catalogMutex, commits } = this.#context;
    return catalogMutex.run(async () => {
      const wanted = { kind, name, value, condition };
      const { entry, text, created, changed } = this.#index.prepare(accountId, wanted, clock.now());
      if (changed) {
        const { id, version, createdAtMs: created_at, updatedAtMs: updated_at } = entry;
        const row = { account_id: accountId, kind, name, id, version, value: text, created_at, updated_at };
        await commits.write("putEntry", row);
        this.#index.set(accountId, entry);
      }
      return { entry, created };
    });
  }

  get(accountId: AccountId, kind: EntryKind, name: string): Promise<Entry | null> {
    return Promise.resolve(this.#index.get(accountId, kind, name));
  }

  list(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Promise<Page<Entry>> {
    return Promise.resolve(this.#index.page(accountId, kind, page, label));
  }

  delete(accountId: AccountId, kind: EntryKind, name: string, condition?: WriteCondition): Promise<boolean> {
    const { catalogMutex, commits } = this.#context;
    return catalogMutex.run(async () => {
      const entry = this.#index.get(accountId, kind, name);
      if (entry === null) return false;
      assertCondition(condition, entry);
      await commits.write("deleteEntry", { accountId, kind, name });
      return this.#index.delete(accountId, kind, name);
    });
  }
}
