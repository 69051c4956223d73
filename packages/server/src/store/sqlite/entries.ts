import type { AccountId, Entry, EntryKind, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { EntryIndex, entryOf } from "../entry-index.ts";
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
      const times: { createdAtMs: TimeMs; updatedAtMs: TimeMs } = {
        createdAtMs: row.created_at,
        updatedAtMs: row.updated_at,
      };
      this.#index.set(row.account_id, entryOf(row.kind, row.name, row.value, times));
    }
  }

  put(
    accountId: AccountId,
    { kind, name }: { readonly kind: EntryKind; readonly name: string },
    value: unknown,
    only?: "new",
  ): Promise<{ entry: Entry; created: boolean }> {
    const { clock, exclusively, put } = this.#options;
    return exclusively(async () => {
      const before = this.#index.get(accountId, kind, name);
      if (only === "new" && before !== null) return { entry: before, created: false };
      const { entry, text, created, changed } = this.#index.prepare(accountId, { kind, name }, value, clock.now());
      if (changed) {
        await put({
          account_id: accountId,
          kind,
          name,
          value: text,
          created_at: entry.createdAtMs,
          updated_at: entry.updatedAtMs,
        });
        this.#index.set(accountId, entry);
      }
      return { entry, created };
    });
  }

  get(accountId: AccountId, kind: EntryKind, name: string): Entry | null {
    return this.#index.get(accountId, kind, name);
  }

  page(accountId: AccountId, kind: EntryKind, page: PageRequest): Page<Entry> {
    return this.#index.page(accountId, kind, page);
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
