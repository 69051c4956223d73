import { RingbackError } from "../../../domain/errors.ts";
import type { Connection } from "../connection.ts";
import { migrations } from "./migrations.ts";

/** Any number will do that nobody else takes: "ringback" in ASCII, cut to 63 bits. */
const MIGRATION_LOCK = "8243118316933116779";

/**
 * Brings the schema up to date, in one transaction. Nodes that start at the same time wait for each other, and all
 * but the first find nothing to do. A database that a later version has written is served as it is: its changes are such that this
 * version can live with them.
 */
export async function migrate(connection: Connection): Promise<void> {
  await connection.query("BEGIN");
  try {
    // Let go with the transaction, so that it works behind a proxy that shares connections.
    await connection.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
    const applied = await appliedCount(connection);
    for (const [index, step] of migrations.entries()) {
      if (index < applied) continue;
      await connection.query(step);
      await connection.query("INSERT INTO ringback.migration (number) VALUES ($1)", [index + 1]);
    }
    await connection.query("COMMIT");
  } catch (error) {
    await connection.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

async function appliedCount(connection: Connection): Promise<number> {
  const [encoding] = await connection.query<{ name: string; version: number }>(
    `SELECT pg_encoding_to_char(encoding) AS name, current_setting('server_version_num')::integer AS version
       FROM pg_database WHERE datname = current_database()`,
  );
  if (encoding?.name !== "UTF8") {
    throw new RingbackError("internal", `The database's encoding is ${encoding?.name}; Ringback needs UTF8.`);
  }
  const [found] = await connection.query<{ there: boolean }>(
    "SELECT to_regclass('ringback.migration') IS NOT NULL AS there",
  );
  if (found?.there !== true) {
    await connection.query("CREATE SCHEMA IF NOT EXISTS ringback");
    await connection.query(
      "CREATE TABLE ringback.migration (number integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
    );
    return 0;
  }
  const [last] = await connection.query<{ number: number | null }>(
    "SELECT max(number) AS number FROM ringback.migration",
  );
  return last?.number ?? 0;
}
