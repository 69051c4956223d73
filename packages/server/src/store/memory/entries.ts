import type { AccountId, Entry, EntryKind } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { assertCondition, type WriteCondition } from "../../domain/write-condition.ts";
import type { EntryStore } from "../entries.ts";
import type { Label } from "../label.ts";
import type { Page, PageRequest } from "../page.ts";
import type { MemoryData } from "./memory-data.ts";

export class MemoryEntries implements EntryStore {
  readonly #data: MemoryData;
  readonly #clock: Clock;

  constructor(data: MemoryData, clock: Clock) {
    this.#data = data;
    this.#clock = clock;
  }

  async put(
    accountId: AccountId,
    kind: EntryKind,
    name: string,
    value: unknown,
    condition?: WriteCondition,
  ): Promise<{ readonly entry: Entry; readonly created: boolean }> {
    const { entries } = this.#data;
    const { entry, created } = entries.prepare(accountId, { kind, name, value, condition }, this.#clock.now());
    entries.set(accountId, entry);
    return { entry, created };
  }

  async get(accountId: AccountId, kind: EntryKind, name: string): Promise<Entry | null> {
    return this.#data.entries.get(accountId, kind, name);
  }

  async list(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Promise<Page<Entry>> {
    return this.#data.entries.page(accountId, kind, page, label);
  }

  async delete(accountId: AccountId, kind: EntryKind, name: string, condition?: WriteCondition): Promise<boolean> {
    const entry = this.#data.entries.get(accountId, kind, name);
    if (entry !== null) assertCondition(condition, entry);
    return this.#data.entries.delete(accountId, kind, name);
  }
}
