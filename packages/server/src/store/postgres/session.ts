import type { Connection } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { sqlState } from "./storage-failure.ts";

/**
 * Settings by which the server detects a lost or hung client. Until then, the client's transaction keeps its locks.
 * Only `tcp_user_timeout` ends a session that waits for the client to read a result. Some operating systems do not
 * support all of these settings.
 */
const whereKnown: readonly (readonly [string, string])[] = [
  ["tcp_user_timeout", `${postgresLimits.unreadMsMax}ms`],
  ["tcp_keepalives_idle", `${postgresLimits.keepAliveMs}ms`],
  ["tcp_keepalives_interval", `${postgresLimits.keepAliveMs}ms`],
  ["tcp_keepalives_count", "2"],
  ["client_connection_check_interval", `${postgresLimits.clientCheckMs}ms`],
];

/**
 * Sets the limits of a new session and returns the process id of its server process. A statement sets them, not the
 * startup message, because PgBouncer refuses startup parameters that it does not know. The server's time limit of a
 * statement is shorter than the client's, so that a slow statement fails without the loss of its connection.
 */
export async function prepareSession(connection: Connection, statementMsMax: number): Promise<number> {
  const everywhere = [
    ["statement_timeout", `${statementMsMax}ms`],
    ["lock_timeout", `${postgresLimits.lockMsMax}ms`],
    ["idle_in_transaction_session_timeout", `${postgresLimits.idleInTransactionMsMax}ms`],
  ] as const;
  try {
    return await set(connection, [...everywhere, ...whereKnown]);
  } catch (error) {
    if (sqlState(error) === null) throw error;
  }
  for (const each of whereKnown) {
    await set(connection, [each]).catch((error: unknown) => {
      if (sqlState(error) === null) throw error;
    });
  }
  return set(connection, everywhere);
}

async function set(connection: Connection, settings: readonly (readonly [string, string])[]): Promise<number> {
  const [row] = await connection.query<{ pid: number }>(
    `SELECT pg_backend_pid() AS pid, count(set_config(s.name, s.value, false)) FROM unnest($1::text[], $2::text[]) AS s (name, value)`,
    [settings.map(([name]) => name), settings.map(([, value]) => value)],
  );
  return (row as { pid: number }).pid;
}
