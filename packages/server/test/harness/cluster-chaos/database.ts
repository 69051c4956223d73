import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { sqlState } from "../../../src/store/postgres/storage-failure.ts";
import type { PostgresServer } from "../../../src/store/postgres/testing/postgres-server.ts";

export const databaseName = "ringback";
const askAgainMs = 50;

/**
 * One connection for each database server. The connection is replaced after it breaks. Opening a connection for each
 * query would cause most of the load.
 */
const connections = new WeakMap<PostgresServer, Promise<Client>>();

async function connect(server: PostgresServer): Promise<Client> {
  const client = new Client({ connectionString: server.url(databaseName) });
  client.on("error", () => connections.delete(server));
  await client.connect();
  return client;
}

/** Repeats the query while the database is unavailable. Any other error is an error of the test. */
export async function ask<T extends object>(
  server: PostgresServer,
  sql: string,
  values: readonly unknown[] = [],
): Promise<T[]> {
  for (;;) {
    const connection = connections.get(server) ?? connect(server);
    connections.set(server, connection);
    try {
      const client = await connection;
      return (await client.query<T>(sql, [...values])).rows;
    } catch (error) {
      connections.delete(server);
      const code = sqlState(error) ?? "";
      // Class 42 means a wrong statement. Other errors come from a database server that stops, is down or starts.
      if (code.startsWith("42")) throw error;
      await pause(askAgainMs);
    }
  }
}

/** Cuts each connection of the nodes with the probability `share`. */
export async function cutConnections(server: PostgresServer, share: number): Promise<void> {
  await ask(
    server,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'node-%' AND random() < $1`,
    [share],
  );
}

/**
 * Returns whether the database executes no statement of the node. Statements that only wait until the node reads their
 * answer are ignored, although PostgreSQL reports them as active.
 */
export async function isQuiet(server: PostgresServer, node: number): Promise<boolean> {
  const rows = await ask(
    server,
    `SELECT 1 FROM pg_stat_activity
       WHERE application_name = $1 AND state = 'active' AND wait_event IS DISTINCT FROM 'ClientWrite'`,
    [applicationName(node)],
  );
  return rows.length === 0;
}

export function applicationName(node: number): string {
  return `node-${node}`;
}
