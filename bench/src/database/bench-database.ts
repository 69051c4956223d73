import { PostgresServer } from "../../../packages/server/src/store/postgres/testing/postgres-server.ts";
import { familyCpuUs } from "../process/family-cpu.ts";

/**
 * PostgreSQL's own defaults where the tests' server has others. `fsync`, `full_page_writes` and `synchronous_commit` are on,
 * which is a default as well.
 */
const settings = ["synchronous_commit=on", "shared_buffers=128MB", "autovacuum_naptime=1min"];

/** What tells how much its word is worth. */
const SHOWN = [
  "server_version",
  "fsync",
  "synchronous_commit",
  "full_page_writes",
  "wal_sync_method",
  "shared_buffers",
  "max_wal_size",
];

/** The benchmark's own PostgreSQL, with a database for each scenario. */
export class BenchDatabase {
  readonly #server: PostgresServer;
  readonly #made = new Set<string>();

  private constructor(server: PostgresServer) {
    this.#server = server;
  }

  static async start(root: string): Promise<BenchDatabase> {
    return new BenchDatabase(await PostgresServer.start({ fsync: true, root, settings }));
  }

  get folder(): string {
    return this.#server.folder;
  }

  /** Of the scenario's database, which is made when it is asked for first. */
  async url(scenario: string): Promise<string> {
    const name = databaseOf(scenario);
    if (!this.#made.has(name)) {
      this.#made.add(name);
      await this.#server.query(`CREATE DATABASE ${name}`);
    }
    return this.#server.url(name);
  }

  async drop(scenario: string): Promise<void> {
    const name = databaseOf(scenario);
    if (this.#made.delete(name)) await this.#server.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }

  /** Of all its processes so far, those that have ended included. */
  cpuUs(): number {
    return familyCpuUs(this.#server.pid);
  }

  /** Written to the write-ahead log so far, by everybody and for everything. */
  async walBytes(): Promise<number> {
    const [row] = await this.#server.query<{ bytes: string }>(
      "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS bytes",
    );
    return Number(row?.bytes);
  }

  /** Its settings as it states them itself. */
  async shown(): Promise<Readonly<Record<string, string>>> {
    const rows = await this.#server.query<{ name: string; value: string }>(
      "SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name",
      [SHOWN],
    );
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

function databaseOf(scenario: string): string {
  return `bench_${scenario.replaceAll("-", "_")}`;
}
