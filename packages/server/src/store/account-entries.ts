import type { AccountId, Entry, EntryKind } from "../domain/model.ts";
import type { WriteCondition } from "../domain/write-condition.ts";
import type { Label } from "./label.ts";
import type { Page, PageRequest } from "./page.ts";
import type { Store } from "./store.ts";

/**
 * One account's entries of one kind. Their values are of type `T`: no other code writes entries of this kind.
 */
export class AccountEntries<T> {
  readonly #store: Pick<Store, "entries">;
  readonly #accountId: AccountId;
  readonly #kind: EntryKind;

  constructor(store: Pick<Store, "entries">, accountId: AccountId, kind: EntryKind) {
    this.#store = store;
    this.#accountId = accountId;
    this.#kind = kind;
  }

  get(name: string): Promise<Entry<T> | null> {
    return this.#store.entries.get(this.#accountId, this.#kind, name) as Promise<Entry<T> | null>;
  }

  put(name: string, value: T, condition?: WriteCondition): Promise<{ entry: Entry<T>; created: boolean }> {
    const put = this.#store.entries.put(this.#accountId, this.#kind, name, value, condition);
    return put as Promise<{ entry: Entry<T>; created: boolean }>;
  }

  /** Lists entries in order of name. With a label, only entries whose value has the label. */
  async list<V>(page: PageRequest, view: (entry: Entry<T>) => V, label?: Label): Promise<Page<V>> {
    const { items, next } = await this.#store.entries.list(this.#accountId, this.#kind, page, label);
    return { items: (items as readonly Entry<T>[]).map(view), next };
  }

  delete(name: string, condition?: WriteCondition): Promise<boolean> {
    return this.#store.entries.delete(this.#accountId, this.#kind, name, condition);
  }
}
