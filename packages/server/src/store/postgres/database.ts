import { Pool, type PoolClient, type PoolConfig, type QueryConfig } from "pg";
import { RingbackError } from "../../domain/errors.ts";
import { systemTimers } from "../../domain/ports.ts";
import type { ConnectionUse } from "../cluster.ts";
import { clientConfig, type Connection } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { prepareSession } from "./session.ts";
import {
  isTransient,
  NoConnectionFree,
  READ_ONLY,
  sqlState,
  toConnectError,
  toStorageError,
} from "./storage-failure.ts";
import { Watch } from "./watch.ts";

/** Number of tries of a call that fails for a transient reason, such as a deadlock. */
const TRANSIENT_TRIES_MAX = 5;
/** Longest wait for the server to confirm the end of its connections; a reachable server confirms at once. */
const FAREWELL_MS_MAX = 1_000;
/** The name under which `sent` reports statements that are not prepared because they are rare, such as COMMIT. */
const UNNAMED = "other";

/**
 * The connections of one node, in two pools. Reads and administration have a pool of their own, so that they cannot
 * take connections from publishes and deliveries. A broken connection is replaced when a call next needs a connection.
 */
export class Database {
  readonly hot: ConnectionPool;
  readonly rest: ConnectionPool;
  readonly #watch: Watch;
  #closing: Promise<void> | null = null;

  /** `sent` is called for every statement with the name of the prepared statement, or "other". */
  constructor(url: string, applicationName: string, sent: (name: string) => void = () => {}) {
    const shared = { ...clientConfig(url, applicationName), idleTimeoutMillis: postgresLimits.connectionIdleMsMax };
    this.#watch = new Watch(url, applicationName);
    const { hotConnectionsMax, hotStatementMsMax, restConnectionsMax, statementMsMax } = postgresLimits;
    const pool = (name: string, max: number, msMax: number): ConnectionPool =>
      new ConnectionPool({ name, max, statementMsMax: msMax, watch: this.#watch, sent }, { ...shared, max });
    this.hot = pool("hot", hotConnectionsMax, hotStatementMsMax);
    this.rest = pool("rest", restConnectionsMax, statementMsMax);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([this.hot.end(), this.rest.end()]);
    this.#watch.close();
  }
}

interface ConnectionPoolOptions {
  readonly name: string;
  readonly max: number;
  readonly statementMsMax: number;
  readonly watch: Watch;
  /** Called for every statement with the name of the prepared statement, or "other". */
  readonly sent: (name: string) => void;
}

/** A pool of connections to the database. Every failure is thrown as a `RingbackError`. */
export class ConnectionPool implements Connection {
  readonly #pool: Pool;
  readonly #options: ConnectionPoolOptions;
  /** The id of the server process of each connection whose session has been prepared. */
  readonly #pids = new WeakMap<PoolClient, number>();
  /** Connections that are being closed. Their sessions still exist on the server until it confirms the end. */
  readonly #farewells = new Set<Promise<void>>();
  /** Number of connections in use. */
  #taken = 0;
  #lost = 0;
  #ended = false;

  constructor(options: ConnectionPoolOptions, config: PoolConfig) {
    this.#options = options;
    this.#pool = new Pool(config);
    // When a connection breaks during a statement, the statement fails. When an idle connection breaks, the pool
    // removes the connection and then emits this error.
    this.#pool.on("error", () => this.#lost++);
    this.#pool.on("connect", (client) => {
      client.on("error", () => {});
      const farewell = new Promise<void>((resolve) => client.once("end", resolve));
      this.#farewells.add(farewell);
      void farewell.then(() => this.#farewells.delete(farewell));
    });
  }

  get use(): ConnectionUse {
    const { totalCount: open, idleCount: idle, waitingCount: waiting } = this.#pool;
    const { name, max } = this.#options;
    return { pool: name, max, open, idle, waiting, lost: this.#lost };
  }

  query<T extends object>(sql: string, values: readonly unknown[] = [], name?: string): Promise<T[]> {
    return this.#run((connection) => connection.query<T>(sql, values, name));
  }

  /** Runs `work` in a transaction. `work` runs again when a transient failure has undone it. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#run(async (connection) => {
      await connection.query("BEGIN");
      try {
        const result = await work(connection);
        await connection.query("COMMIT");
        return result;
      } catch (error) {
        // A rollback fails only when the connection fails, and this ends the transaction too.
        if (isUsable(error)) await connection.query("ROLLBACK");
        throw error;
      }
    });
  }

  /** Repeats work that failed for a transient reason, such as a deadlock. */
  async #run<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const client = await this.#connect();
      try {
        await this.#prepare(client);
        const result = await work({ query: (sql, values, name) => this.#send(client, sql, values, name) });
        this.#release(client, true);
        return result;
      } catch (error) {
        this.#release(client, isUsable(error));
        if (!isTransient(error) || tries === TRANSIENT_TRIES_MAX) throw toStorageError(error);
      }
    }
  }

  /**
   * Closes the connections and waits until the server has ended their sessions. The pool's own `end` does not wait for
   * the server.
   */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#pool.end();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = systemTimers.after(FAREWELL_MS_MAX, resolve);
    await Promise.race([Promise.all(this.#farewells), late]);
    cancel();
  }

  async #send<T extends object>(
    client: PoolClient,
    text: string,
    values: readonly unknown[] = [],
    name?: string,
  ): Promise<T[]> {
    const { sent, statementMsMax, watch } = this.#options;
    sent(name ?? UNNAMED);
    const query: QueryConfig & { query_timeout: number } = {
      text,
      values: [...values],
      query_timeout: statementMsMax + postgresLimits.statementGraceMs,
    };
    if (name !== undefined) query.name = name;
    return (await watch.during(this.#pids.get(client) ?? null, client.query<T>(query))).rows;
  }

  async #prepare(client: PoolClient): Promise<void> {
    if (this.#pids.has(client)) return;
    const query: Connection["query"] = (sql, values) => this.#send(client, sql, values);
    this.#pids.set(client, await prepareSession({ query }, this.#options));
  }

  #release(client: PoolClient, usable: boolean): void {
    this.#taken--;
    if (!usable) this.#lost++;
    client.release(!usable);
  }

  async #connect(): Promise<PoolClient> {
    if (this.#ended) throw new RingbackError("shutting_down");
    const { watch, name, max } = this.#options;
    if (watch.isSilent) throw new RingbackError("storage_unavailable", "The database says nothing.");
    const connecting = this.#pool.connect();
    try {
      const client = await watch.during(null, connecting);
      this.#taken++;
      return client;
    } catch (error) {
      // The pool may open the connection after this call has failed. That connection is then closed.
      if (error instanceof RingbackError) connecting.then((client) => client.release(true)).catch(() => {});
      if (!(error instanceof RingbackError) && sqlState(error) === null && this.#taken >= max) {
        const busy = `All ${max} connections of the pool "${name}" are busy.`;
        throw new RingbackError("storage_unavailable", busy, { cause: new NoConnectionFree(busy, { cause: error }) });
      }
      throw toConnectError(error);
    }
  }
}

/**
 * Whether a connection can be used again after an error. It can after an error that the server reported, except when
 * the server is unavailable or has become read-only. A server that has become read-only was the primary before. A new
 * connection to the same address may reach the new primary.
 */
function isUsable(error: unknown): boolean {
  if (error instanceof RingbackError) return error.code !== "storage_unavailable";
  if (sqlState(error) === READ_ONLY) return false;
  return (error as { readonly severity?: unknown }).severity === "ERROR";
}
