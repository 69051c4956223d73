import type { Client } from "pg";
import { RingbackError } from "../../../domain/errors.ts";
import { connectionOf, newClient } from "../connection.ts";
import { postgresLimits } from "../postgres-limits.ts";
import { prepareSession } from "../session.ts";
import { isTransient, toStorageError } from "../storage-failure.ts";
import { migrations, type Migration } from "./migrations.ts";
import { assertRights } from "./rights.ts";

/** The advisory lock of migrations: "ringback" in ASCII, cut to 63 bits. The others are in advisory-locks.sql. */
const MIGRATION_LOCK = "8243118316933116779";

const UNRELEASED =
  "The database holds the schema of an unreleased version of Ringback, which cannot be upgraded. " +
  "Start with an empty database.";

/**
 * Brings the schema up to date, each step in one transaction. Nodes that start at the same time wait for each other,
 * and only the first applies the steps. A database that a later version has migrated is used as it is, because the
 * steps of a later version must leave a schema with which this version can work.
 *
 * The connection is used only for this. A step may read a large table and needs a longer time limit than other
 * statements.
 */
export async function migrate(url: string, steps: readonly Migration[] = migrations): Promise<void> {
  const client = newClient(url, "ringback-schema");
  try {
    await client.connect();
    await prepareSession(connectionOf(client), { statementMsMax: 0, lockMsMax: 0 });
    while (await applyNext(client, steps));
  } catch (error) {
    throw toStorageError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Returns false when no step is left. */
async function applyNext(client: Client, steps: readonly Migration[]): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    await client.query("BEGIN");
    try {
      // A lock of the transaction, not of the session, because a proxy may share sessions between clients.
      await client.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`);
      await assertRights(connectionOf(client));
      const applied = await appliedCount(client, steps);
      const step = steps[applied];
      if (step !== undefined) {
        // While the step waits for a table lock, later statements on that table wait behind it.
        await client.query(`SET LOCAL lock_timeout = ${postgresLimits.schemaLockMsMax}`);
        await client.query(step.sql);
        await client.query("INSERT INTO ringback.migration (number, name) VALUES ($1, $2)", [applied + 1, step.name]);
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

async function appliedCount(client: Client, steps: readonly Migration[]): Promise<number> {
  const { rows } = await client.query<{
    encoding: string;
    has_schema: boolean;
    has_tables: boolean;
    has_names: boolean;
  }>(
    `SELECT pg_encoding_to_char(encoding) AS encoding, to_regnamespace('ringback') IS NOT NULL AS has_schema,
       EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace('ringback') AND relkind IN ('r', 'p'))
         AS has_tables,
       EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('ringback.migration') AND attname = 'name')
         AS has_names
     FROM pg_database WHERE datname = current_database()`,
  );
  const { encoding, has_schema, has_tables, has_names } = rows[0] as (typeof rows)[number];
  if (encoding !== "UTF8") {
    throw new RingbackError("internal", `The database's encoding is ${encoding}; Ringback needs UTF8.`);
  }
  if (!has_tables) {
    // `CREATE SCHEMA IF NOT EXISTS` needs the right to create schemas even if the schema exists.
    if (!has_schema) await client.query("CREATE SCHEMA ringback");
    await client.query(
      `CREATE TABLE ringback.migration (
         number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
    );
    return 0;
  }
  const unreleased = new RingbackError("internal", UNRELEASED);
  // Unreleased versions stored steps without names, or other steps under the same numbers.
  if (!has_names) throw unreleased;
  const { rows: applied } = await client.query<{ name: string }>("SELECT name FROM ringback.migration ORDER BY number");
  if (applied.some(({ name }, index) => index < steps.length && name !== steps[index]?.name)) throw unreleased;
  return applied.length;
}
