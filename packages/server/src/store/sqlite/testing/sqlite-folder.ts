import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock, type StoreUnderTest } from "../../contract/harness.ts";
import { SqliteStore, type SqliteStoreOptions } from "../sqlite-store.ts";
import { storeOptions } from "./store-options.ts";

/** A SQLite store in a temporary folder. */
export class SqliteFolder implements StoreUnderTest {
  readonly clock = new ManualClock();
  readonly #options: Partial<SqliteStoreOptions>;
  readonly #folders: string[] = [];
  store: SqliteStore;

  private constructor(store: SqliteStore, clock: ManualClock, folder: string, options: Partial<SqliteStoreOptions>) {
    this.store = store;
    this.clock = clock;
    this.#folders.push(folder);
    this.#options = options;
  }

  static async open(options: Partial<SqliteStoreOptions> = {}): Promise<SqliteFolder> {
    const folder = temporaryFolder();
    const clock = new ManualClock();
    const store = await SqliteStore.open(storeOptions(folder, { clock, ...options }));
    return new SqliteFolder(store, clock, folder, options);
  }

  get folder(): string {
    return this.#folders.at(-1) as string;
  }

  get file(): string {
    return join(this.folder, "ringback.db");
  }

  async crash(): Promise<void> {
    const folder = temporaryFolder();
    copyDatabase(this.folder, folder);
    // The old store may still write into the old folder, but that folder is not read any more.
    await this.store.close();
    this.#folders.push(folder);
    this.store = await SqliteStore.open(storeOptions(folder, { clock: this.clock, ...this.#options }));
  }

  async dispose(): Promise<void> {
    await this.store.close();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "ringback-"));
}

/**
 * The largest write-ahead log that is copied. A larger log may be checkpointed during the copy, and the copy would then
 * be invalid.
 */
const WAL_BYTES_MAX = 12 * 1024 * 1024;
/** A copied write-ahead log that is larger than this is checkpointed, so that the next copy is small. */
const WAL_BYTES_KEPT = 1024 * 1024;
/** A checkpoint waits for the open transactions of the store. This limit only ends a test that hangs. */
const CHECKPOINT_MS_MAX = 600_000;

function copyDatabase(from: string, to: string): void {
  if (walBytes(from) > WAL_BYTES_MAX) checkpoint(from);
  if (walBytes(from) > WAL_BYTES_MAX) throw new Error("The write-ahead log is too large to be copied.");
  for (const name of ["ringback.db", "ringback.db-wal"]) {
    const file = join(from, name);
    if (existsSync(file)) copyFileSync(file, join(to, name));
  }
  if (walBytes(to) > WAL_BYTES_KEPT) checkpoint(to);
}

function walBytes(folder: string): number {
  return statSync(join(folder, "ringback.db-wal"), { throwIfNoEntry: false })?.size ?? 0;
}

function checkpoint(folder: string): void {
  const database = new DatabaseSync(join(folder, "ringback.db"), { timeout: CHECKPOINT_MS_MAX });
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}
