import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import { sqlState } from "../../../src/store/postgres/storage-failure.ts";
import type { PostgresServer } from "../../../src/store/postgres/testing/postgres-server.ts";

export const databaseName = "ringback";
const askAgainMs = 50;

/** One for each server, made anew after it has broken: the tests ask so often that a connection for each question would be most of the load. */
const connections = new WeakMap<PostgresServer, Promise<Client>>();

async function connect(server: PostgresServer): Promise<Client> {
  const client = new Client({ connectionString: server.url(databaseName) });
  client.on("error", () => connections.delete(server));
  await client.connect();
  return client;
}

/** Asks again while the database is away. Any other refusal is an error of the test. */
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
      // 42: the statement is wrong. Everything else comes from a server that ends, is away or begins.
      if (code.startsWith("42")) throw error;
      await pause(askAgainMs);
    }
  }
}

/** Cuts about this share of the connections that the nodes have. */
export async function cutConnections(server: PostgresServer, share: number): Promise<void> {
  await ask(
    server,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'node-%' AND random() < $1`,
    [share],
  );
}

/** Nothing that this node has sent before is still being done. A statement that waits for it to read its answer is done. */
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
