import { Pool, type PoolClient, type PoolConfig } from "pg";
import { RingbackError } from "../../domain/errors.ts";
import type { ConnectionUse } from "../port.ts";
import { valueTypes, type Connection } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { isTransient, READ_ONLY, sqlState, toStorageError } from "./storage-failure.ts";

/** How often a call that lost a deadlock is tried again. */
const TRANSIENT_TRIES_MAX = 5;
/** Statements that are too rare to be prepared, and the ends of transactions. */
const UNNAMED = "other";

/**
 * The connections of one node. Two pools, so that people who look at things cannot take the connections away that publishes
 * and deliveries need. A connection that breaks is replaced when somebody next wants one.
 */
export class Database {
  readonly hot: Lane;
  readonly rest: Lane;
  #closing: Promise<void> | null = null;

  /** `sent` is told of every statement, by the name of what is prepared, without its version. */
  constructor(url: string, applicationName: string, sent: (name: string) => void = () => {}) {
    const shared: PoolConfig = {
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: postgresLimits.connectMsMax,
      query_timeout: postgresLimits.statementMsMax,
      idleTimeoutMillis: postgresLimits.connectionIdleMsMax,
      keepAlive: true,
      types: valueTypes,
    };
    this.hot = new Lane("hot", { ...shared, max: postgresLimits.hotConnectionsMax }, sent);
    this.rest = new Lane("rest", { ...shared, max: postgresLimits.restConnectionsMax }, sent);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([this.hot.end(), this.rest.end()]);
  }
}

/** One of the pools. Failures leave it as `RingbackError`s. */
export class Lane implements Connection {
  readonly #pool: Pool;
  readonly #name: string;
  readonly #max: number;
  readonly #sent: (name: string) => void;
  #statements = 0;
  #lost = 0;
  #ended = false;

  constructor(name: string, config: PoolConfig & { readonly max: number }, sent: (name: string) => void) {
    this.#name = name;
    this.#max = config.max;
    this.#sent = sent;
    this.#pool = new Pool(config);
    // A connection that breaks tells the statement that is on it, or the pool, which has dropped it by then.
    this.#pool.on("error", () => this.#lost++);
    this.#pool.on("connect", (client) => client.on("error", () => {}));
  }

  /** Sent so far, each of them one round trip. */
  get statements(): number {
    return this.#statements;
  }

  get use(): ConnectionUse {
    const { totalCount: open, idleCount: idle, waitingCount: waiting } = this.#pool;
    return { pool: this.#name, max: this.#max, open, idle, waiting, lost: this.#lost };
  }

  async query<T extends object>(sql: string, values: readonly unknown[] = [], name?: string): Promise<T[]> {
    for (let tries = 1; ; tries++) {
      const client = await this.#connect();
      try {
        const rows = await this.#send<T>(client, sql, values, name);
        client.release();
        return rows;
      } catch (error) {
        this.#release(client, isUsable(error));
        if (!isTransient(error) || tries === TRANSIENT_TRIES_MAX) throw toStorageError(error);
      }
    }
  }

  /** All or nothing. `work` may run more than once. */
  async transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const client = await this.#connect();
      const connection: Connection = {
        query: <R extends object>(sql: string, values: readonly unknown[] = [], name?: string) =>
          this.#send<R>(client, sql, values, name),
      };
      let isOpen = false;
      try {
        await connection.query("BEGIN");
        isOpen = true;
        const result = await work(connection);
        await connection.query("COMMIT");
        client.release();
        return result;
      } catch (error) {
        const usable = isUsable(error) && (!isOpen || (await rollback(connection)));
        this.#release(client, usable);
        if (!isTransient(error) || tries === TRANSIENT_TRIES_MAX) throw toStorageError(error);
      }
    }
  }

  /** One connection for work that sees to its own transactions. It is not used again when the work fails. */
  async withConnection(work: (connection: Connection) => Promise<void>): Promise<void> {
    const client = await this.#connect();
    try {
      await work({ query: (sql, values = [], name) => this.#send(client, sql, values, name) });
      client.release();
    } catch (error) {
      this.#release(client, false);
      throw toStorageError(error);
    }
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#pool.end();
  }

  async #send<T extends object>(
    client: PoolClient,
    text: string,
    values: readonly unknown[],
    name?: string,
  ): Promise<T[]> {
    this.#statements++;
    this.#sent(name?.replace(/_\d+$/, "") ?? UNNAMED);
    const query = name === undefined ? { text, values: [...values] } : { text, values: [...values], name };
    return (await client.query<T>(query)).rows;
  }

  #release(client: PoolClient, usable: boolean): void {
    if (!usable) this.#lost++;
    client.release(!usable);
  }

  async #connect(): Promise<PoolClient> {
    if (this.#ended) throw new RingbackError("shutting_down");
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw toStorageError(error);
    }
  }
}

async function rollback(connection: Connection): Promise<boolean> {
  try {
    await connection.query("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

/**
 * After an error that the server has told, and told well, its connection can be used again. Not to a server that only
 * reads: it was the primary, and its address may lead to another one by now.
 */
function isUsable(error: unknown): boolean {
  if (error instanceof RingbackError) return true;
  if (sqlState(error) === READ_ONLY) return false;
  const code = (error as { readonly severity?: unknown }).severity;
  return code === "ERROR";
}
