import { PostgresServer } from "../../../packages/server/src/store/postgres/testing/postgres-server.ts";
import { familyCpuUs } from "../process/probe.ts";

/**
 * PostgreSQL's default values. The database server of the tests uses other values, which are reset here. `fsync` and
 * `full_page_writes` are on by default.
 */
const settings = ["synchronous_commit=on", "shared_buffers=128MB", "autovacuum_naptime=1min"];

/** Settings that decide what a commit guarantees, and other settings that change the figures. */
const REPORTED = [
  "server_version",
  "fsync",
  "synchronous_commit",
  "full_page_writes",
  "wal_sync_method",
  "shared_buffers",
  "max_wal_size",
];

/** A PostgreSQL server of the benchmark, with a database for each scenario. */
export class BenchDatabase {
  readonly #server: PostgresServer;
  readonly #created = new Set<string>();

  constructor(server: PostgresServer) {
    this.#server = server;
  }

  /** Puts the data folder into `root`. */
  static async start(root: string): Promise<BenchDatabase> {
    return new BenchDatabase(await PostgresServer.start({ fsync: true, root, settings }));
  }

  get folder(): string {
    return this.#server.folder;
  }

  /** The URL of the scenario's database. The first call creates the database. */
  async url(scenario: string): Promise<string> {
    const name = databaseOf(scenario);
    if (!this.#created.has(name)) {
      this.#created.add(name);
      await this.#server.query(`CREATE DATABASE ${name}`);
    }
    return this.#server.url(name);
  }

  async drop(scenario: string): Promise<void> {
    const name = databaseOf(scenario);
    if (this.#created.delete(name)) await this.#server.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }

  /** CPU time so far of all processes of the database server, including processes that have ended. */
  cpuUs(): number {
    return familyCpuUs(this.#server.pid);
  }

  /** Bytes of the whole server's write-ahead log so far. */
  async walBytes(): Promise<number> {
    const [row] = await this.#server.query<{ bytes: string }>(
      "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS bytes",
    );
    return Number(row?.bytes);
  }

  /** The settings as PostgreSQL reports them. */
  async settings(): Promise<Readonly<Record<string, string>>> {
    const rows = await this.#server.query<{ name: string; value: string }>(
      "SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name",
      [REPORTED],
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
