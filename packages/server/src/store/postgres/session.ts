import type { Connection } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { sqlState } from "./storage-failure.ts";

export interface SessionLimits {
  readonly statementMsMax: number;
}

/** What every PostgreSQL takes. The server gives up before we do, so that its connection stays usable. */
function everywhere({ statementMsMax }: SessionLimits): [string, string][] {
  return [
    ["statement_timeout", `${statementMsMax}ms`],
    ["lock_timeout", `${postgresLimits.lockMsMax}ms`],
    ["idle_in_transaction_session_timeout", `${postgresLimits.idleInTransactionMsMax}ms`],
  ];
}

/**
 * How the server finds out that we are gone, or hang: until then its transaction holds its locks. `tcp_user_timeout` ends the one
 * that waits for us to read what we have asked for, which no other limit does. Not every system knows them all.
 */
const whereKnown: [string, string][] = [
  ["tcp_user_timeout", `${postgresLimits.unreadMsMax}ms`],
  ["tcp_keepalives_idle", `${postgresLimits.keepAliveMs}ms`],
  ["tcp_keepalives_interval", `${postgresLimits.keepAliveMs}ms`],
  ["tcp_keepalives_count", "2"],
  ["client_connection_check_interval", `${postgresLimits.clientCheckMs}ms`],
];

/**
 * Says to a new session how long it may take, and gives the number of its process. By a statement and not in the startup
 * message: PgBouncer refuses parameters there that it does not know.
 */
export async function prepareSession(connection: Connection, limits: SessionLimits): Promise<number> {
  const needed = everywhere(limits);
  try {
    return await set(connection, [...needed, ...whereKnown]);
  } catch (error) {
    if (sqlState(error) === null) throw error;
  }
  const pid = await set(connection, needed);
  for (const each of whereKnown) {
    try {
      await set(connection, [each]);
    } catch (error) {
      if (sqlState(error) === null) throw error;
    }
  }
  return pid;
}

async function set(connection: Connection, settings: readonly [string, string][]): Promise<number> {
  const [row] = await connection.query<{ pid: number }>(
    `SELECT pg_backend_pid() AS pid, count(set_config(s.name, s.value, false)) FROM unnest($1::text[], $2::text[]) AS s (name, value)`,
    [settings.map(([name]) => name), settings.map(([, value]) => value)],
  );
  return (row as { pid: number }).pid;
}
