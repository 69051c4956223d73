import { Client } from "pg";
import { RingbackError } from "../../../domain/errors.ts";
import { valueTypes } from "../connection.ts";
import { postgresLimits } from "../postgres-limits.ts";
import { isTransient, toStorageError } from "../storage-failure.ts";
import { MIGRATION_LOCK } from "./locks.ts";
import { migrations } from "./migrations.ts";

/**
 * Brings the schema up to date, each step in one transaction. Nodes that start at the same time wait for each other, and all
 * but the first find nothing to do. A database that a later version has written is served as it is: its changes are such that this
 * version can live with them.
 *
 * It has a connection of its own: a step may read a large table, which takes longer than any other statement may.
 */
export async function migrate(url: string, steps: readonly string[] = migrations): Promise<void> {
  const client = new Client({
    connectionString: url,
    application_name: "ringback-schema",
    connectionTimeoutMillis: postgresLimits.connectMsMax,
    keepAlive: true,
    types: valueTypes,
  });
  // The end of its connection is told by the statement that it interrupts.
  client.on("error", () => {});
  try {
    await client.connect();
    while (await nextStep(client, steps));
  } catch (error) {
    throw toStorageError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

/** False: there is none left. */
async function nextStep(client: Client, steps: readonly string[]): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    await client.query("BEGIN");
    try {
      // Let go with the transaction, so that it works behind a proxy that shares connections.
      await client.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
      const applied = await appliedCount(client);
      const step = steps[applied];
      if (step !== undefined) {
        // While it waits for a table, everybody else waits behind it.
        await client.query(`SET LOCAL lock_timeout = ${postgresLimits.schemaLockMsMax}`);
        await client.query(step);
        await client.query("INSERT INTO ringback.migration (number) VALUES ($1)", [applied + 1]);
      }
      await client.query("COMMIT");
      return step !== undefined;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      if (!isTransient(error) || tries === postgresLimits.schemaTriesMax) throw error;
      await client.query("SELECT pg_sleep($1 / 1000.0)", [postgresLimits.schemaRetryMs]);
    }
  }
}

async function appliedCount(client: Client): Promise<number> {
  const encoding = await client.query<{ name: string }>(
    `SELECT pg_encoding_to_char(encoding) AS name FROM pg_database WHERE datname = current_database()`,
  );
  const name = encoding.rows[0]?.name;
  if (name !== "UTF8") throw new RingbackError("internal", `The database's encoding is ${name}; Ringback needs UTF8.`);
  const found = await client.query<{ there: boolean }>("SELECT to_regclass('ringback.migration') IS NOT NULL AS there");
  if (found.rows[0]?.there !== true) {
    await client.query("CREATE SCHEMA IF NOT EXISTS ringback");
    await client.query(
      "CREATE TABLE ringback.migration (number integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
    );
    return 0;
  }
  const last = await client.query<{ number: number | null }>("SELECT max(number) AS number FROM ringback.migration");
  return last.rows[0]?.number ?? 0;
}
