import type { AccountId, Entry, EntryKind } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { EntryIndex, entryOf, type EntryPut } from "../entry-index.ts";
import type { Label } from "../label.ts";
import type { Page, PageRequest } from "../page.ts";
import type { EntryRow } from "./operations/entries.ts";

export interface EntriesOptions {
  readonly clock: Clock;
  /** Catalog changes run one after the other. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  readonly put: (row: EntryRow) => Promise<void>;
  readonly remove: (key: { accountId: AccountId; kind: EntryKind; name: string }) => Promise<void>;
}

/** Entries: read from memory, written to the database first. */
export class Entries {
  readonly #options: EntriesOptions;
  readonly #index = new EntryIndex();

  constructor(options: EntriesOptions) {
    this.#options = options;
  }

  load(rows: readonly EntryRow[]): void {
    for (const row of rows) {
      const { version, created_at: createdAtMs, updated_at: updatedAtMs } = row;
      this.#index.set(row.account_id, entryOf(row.kind, row.name, row.value, { version, createdAtMs, updatedAtMs }));
    }
  }

  put(accountId: AccountId, wanted: EntryPut): Promise<{ entry: Entry; created: boolean }> {
    const { clock, exclusively, put } = this.#options;
    return exclusively(async () => {
      const { entry, text, created, changed } = this.#index.prepare(accountId, wanted, clock.now());
      if (changed) {
        const { kind, name, version, createdAtMs: created_at, updatedAtMs: updated_at } = entry;
        await put({ account_id: accountId, kind, name, version, value: text, created_at, updated_at });
        this.#index.set(accountId, entry);
      }
      return { entry, created };
    });
  }

  get(accountId: AccountId, kind: EntryKind, name: string): Entry | null {
    return this.#index.get(accountId, kind, name);
  }

  page(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Page<Entry> {
    return this.#index.page(accountId, kind, page, label);
  }

  delete(accountId: AccountId, kind: EntryKind, name: string): Promise<boolean> {
    return this.#options.exclusively(async () => {
      if (this.#index.get(accountId, kind, name) === null) return false;
      await this.#options.remove({ accountId, kind, name });
      this.#index.delete(accountId, kind, name);
      return true;
    });
  }
}
