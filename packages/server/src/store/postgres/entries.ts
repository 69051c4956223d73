import { Mutex } from "../../domain/mutex.ts";
import type { AccountId, Entry, EntryKind } from "../../domain/model.ts";
import { assertCondition, type WriteCondition } from "../../domain/write-condition.ts";
import { isUniqueKind, type EntryChange, type EntryStore } from "../entries.ts";
import { toEntry, type EntryRow } from "../catalog-rows.ts";
import { EntryIndex, nameTaken } from "../entry-index.ts";
import type { Label } from "../label.ts";
import { Listeners } from "../listeners.ts";
import type { Page, PageRequest } from "../page.ts";
import { BackOff } from "./back-off.ts";
import { notifyNodes } from "./change-bus.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";
import type { StoreContext } from "./store-context.ts";
import { readNow } from "./topics.ts";

/**
 * Entries are read from memory. A write changes the database first, then memory. A change by another node is read from
 * the database when its event arrives.
 */
export class PostgresEntries implements EntryStore {
  readonly #context: StoreContext;
  readonly #pool: ConnectionPool;
  #index = new EntryIndex();
  /** Changes by this node and reads of other nodes' changes run one at a time. */
  readonly #mutex = new Mutex();
  readonly #backOff: BackOff;
  readonly #changes = new Listeners<EntryChange>();
  /** True: events were missed, so all entries must be read again. */
  #isBehind = false;
  #catchingUp: Promise<void> | null = null;

  constructor(context: StoreContext) {
    this.#context = context;
    this.#pool = context.database.rest;
    this.#backOff = new BackOff(context.timers);
  }

  load(): Promise<void> {
    return this.#mutex.run(async () => {
      const rows = await this.#pool.query<EntryRow>("SELECT * FROM ringback.entry");
      const index = new EntryIndex();
      for (const row of rows) {
        const known = this.#index.get(row.account_id, row.kind, row.name);
        index.set(row.account_id, sameAs(known, row) ? known : toEntry(row));
      }
      this.#index = index;
      this.#changes.notify(null);
    });
  }

  /**
   * Reads an entry that another node has changed. The event comes only once, so a failed read is repeated later;
   * otherwise a deleted key would stay valid here.
   */
  changed(accountId: AccountId, kind: EntryKind, name: string): void {
    this.#mutex.run(() => this.#read(this.#pool, accountId, kind, name)).catch(() => this.missed());
  }

  /** Reads all entries again after events may have been lost. */
  missed(): void {
    this.#isBehind = true;
    this.#catchingUp ??= this.#catchUp();
  }

  async stop(): Promise<void> {
    this.#backOff.stop();
    await this.#catchingUp;
  }

  async #catchUp(): Promise<void> {
    while (this.#isBehind && !this.#backOff.isStopped) {
      this.#isBehind = false;
      try {
        await this.load();
        this.#backOff.reset();
      } catch {
        this.#isBehind = true;
        await this.#backOff.wait();
      }
    }
    this.#catchingUp = null;
  }

  readonly put: EntryStore["put"] = async (accountId, kind, name, value, condition) => {
    const wanted = { kind, name, value, condition };
    // Throws for an account that may have no further entries.
    this.#context.limitsOf(accountId);
    return this.#mutex.run(async () => {
      const { entry, created, changed } = await this.#pool.transaction(async (connection) => {
        // A new entry has no row to lock. The table lock keeps other nodes from creating it between the read and the
        // write.
        await connection.query("LOCK TABLE ringback.entry IN SHARE ROW EXCLUSIVE MODE");
        await this.#read(connection, accountId, kind, name);
        if (isUniqueKind(kind)) await this.#assertNotTaken(connection, accountId, kind, name);
        const prepared = this.#index.prepare(accountId, wanted, await readNow(connection, this.#context.times));
        if (!prepared.changed) return prepared;
        const { entry, text } = prepared;
        await connection.query(
          `INSERT INTO ringback.entry (account_id, kind, name, id, version, value, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (account_id, kind, name)
             DO UPDATE SET version = excluded.version, value = excluded.value, updated_at = excluded.updated_at`,
          [accountId, kind, name, entry.id, entry.version, text, entry.createdAtMs, entry.updatedAtMs],
        );
        await this.#notify(connection, accountId, kind, name);
        return prepared;
      });
      if (changed) this.#set(accountId, entry);
      return { entry, created };
    });
  };

  async get(accountId: AccountId, kind: EntryKind, name: string): Promise<Entry | null> {
    return this.#index.get(accountId, kind, name);
  }

  async find(kind: EntryKind, name: string): Promise<{ readonly accountId: AccountId; readonly entry: Entry } | null> {
    return this.#index.find(kind, name);
  }

  onChange(listener: (change: EntryChange) => void): void {
    this.#changes.add(listener);
  }

  async list(accountId: AccountId, kind: EntryKind, page: PageRequest, label?: Label): Promise<Page<Entry>> {
    return this.#index.page(accountId, kind, page, label);
  }

  /** Read from the database, because another node may have created an entry a moment ago. */
  async listAll(accountId: AccountId, limit: number): Promise<readonly Entry[]> {
    const sql = "SELECT * FROM ringback.entry WHERE account_id = $1 ORDER BY kind, name LIMIT $2";
    return (await this.#pool.query<EntryRow>(sql, [accountId, limit], "list_all_entries")).map(toEntry);
  }

  async count(accountId: AccountId): Promise<number> {
    return this.#index.count(accountId);
  }

  delete(accountId: AccountId, kind: EntryKind, name: string, condition?: WriteCondition): Promise<boolean> {
    return this.#mutex.run(async () => {
      const gone = await this.#pool.transaction(async (connection) => {
        const [row] = await connection.query<EntryRow>(
          "DELETE FROM ringback.entry WHERE account_id = $1 AND kind = $2 AND name = $3 RETURNING *",
          [accountId, kind, name],
        );
        if (row === undefined) return false;
        // When the condition fails, the error rolls the deletion back.
        assertCondition(condition, row);
        await this.#notify(connection, accountId, kind, name);
        return true;
      });
      this.#delete(accountId, kind, name);
      return gone;
    });
  }

  async #read(connection: Connection, accountId: AccountId, kind: EntryKind, name: string): Promise<void> {
    const [row] = await connection.query<EntryRow>(
      "SELECT * FROM ringback.entry WHERE account_id = $1 AND kind = $2 AND name = $3",
      [accountId, kind, name],
      "get_entry",
    );
    if (row === undefined) this.#delete(accountId, kind, name);
    else if (!sameAs(this.#index.get(accountId, kind, name), row)) this.#set(accountId, toEntry(row));
  }

  /** Another node may have created the entry in another account a moment ago. */
  async #assertNotTaken(connection: Connection, accountId: AccountId, kind: EntryKind, name: string): Promise<void> {
    const [other] = await connection.query(
      "SELECT 1 FROM ringback.entry WHERE kind = $1 AND name = $2 AND kind LIKE '@%' AND account_id <> $3",
      [kind, name, accountId],
    );
    if (other !== undefined) throw nameTaken();
  }

  #set(accountId: AccountId, entry: Entry): void {
    this.#index.set(accountId, entry);
    this.#changes.notify({ accountId, kind: entry.kind, name: entry.name });
  }

  #delete(accountId: AccountId, kind: EntryKind, name: string): void {
    if (this.#index.delete(accountId, kind, name)) this.#changes.notify({ accountId, kind, name });
  }

  #notify(connection: Connection, accountId: AccountId, entryKind: EntryKind, name: string): Promise<void> {
    return notifyNodes(connection, this.#context.nodeId, { kind: "entry", accountId, entryKind, name });
  }
}

/** An unchanged entry keeps its object, because callers may compare objects. */
function sameAs(entry: Entry | null, row: EntryRow): entry is Entry {
  return (
    entry !== null &&
    entry.version === row.version &&
    entry.createdAtMs === row.created_at &&
    JSON.stringify(entry.value) === row.value
  );
}
