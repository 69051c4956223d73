import { RingbackError } from "../../domain/errors.ts";
import type { Connection } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { sessionSettings, type SessionSetting } from "./session-settings.ts";
import { FORBIDDEN, sqlState, TOO_SLOW } from "./storage-failure.ts";

/** Time limits of the statements of a session; 0: no limit. */
export interface StatementLimits {
  readonly statementMsMax: number;
  /** How long a statement waits for a lock. */
  readonly lockMsMax?: number;
}

type Setting = Pick<SessionSetting, "name" | "value" | "alsoValid">;

/**
 * Settings by which the server detects a lost or hung client. Until then, the client's transaction keeps its locks.
 * Only `tcp_user_timeout` ends a session that waits for the client to read a result. Some operating systems do not
 * support all of these settings.
 */
const whereSupported: readonly Setting[] = [
  { name: "tcp_user_timeout", value: `${postgresLimits.unreadMsMax}ms` },
  { name: "tcp_keepalives_idle", value: `${postgresLimits.keepAliveMs}ms` },
  { name: "tcp_keepalives_interval", value: `${postgresLimits.keepAliveMs}ms` },
  { name: "tcp_keepalives_count", value: "2" },
  { name: "client_connection_check_interval", value: `${postgresLimits.clientCheckMs}ms` },
];

/** Tries to prepare a session whose database or role has a shorter time limit for statements than preparing takes. */
const TRIES_MAX = 20;

/**
 * Sets the limits and the settings of a new session, and returns the process id of its server process. A statement sets
 * them, not the startup message, because PgBouncer refuses startup parameters that it does not know. The server's time
 * limit of a statement is shorter than the client's, so that a slow statement fails without the loss of its connection.
 */
export async function prepareSession(connection: Connection, limits: StatementLimits): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return await prepare(connection, limits);
    } catch (error) {
      if (sqlState(error) !== TOO_SLOW || tries === TRIES_MAX) throw error;
    }
  }
}

async function prepare(
  connection: Connection,
  { statementMsMax, lockMsMax = postgresLimits.lockMsMax }: StatementLimits,
): Promise<number> {
  const everywhere: readonly Setting[] = [
    { name: "statement_timeout", value: `${statementMsMax}ms` },
    { name: "lock_timeout", value: `${lockMsMax}ms` },
    { name: "idle_in_transaction_session_timeout", value: `${postgresLimits.idleInTransactionMsMax}ms` },
    ...sessionSettings,
  ];
  try {
    return await set(connection, [...everywhere, ...whereSupported]);
  } catch (error) {
    if (sqlState(error) === null || sqlState(error) === TOO_SLOW) throw error;
  }
  for (const each of whereSupported) {
    await set(connection, [each]).catch((error: unknown) => {
      if (sqlState(error) === null) throw error;
    });
  }
  for (const each of sessionSettings) {
    await set(connection, [each]).catch((error: unknown) => {
      throw sqlState(error) === FORBIDDEN ? forbidden(each) : error;
    });
  }
  return set(connection, everywhere);
}

/** Changes the settings that have another value. Skips a setting that this version of PostgreSQL does not know. */
async function set(connection: Connection, settings: readonly Setting[]): Promise<number> {
  const [row] = await connection.query<{ pid: number }>(
    `SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.count(pg_catalog.set_config(s.name, s.value, false))
     FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]),
       pg_catalog.unnest($3::pg_catalog.text[])) AS s (name, value, valid)
     WHERE pg_catalog.current_setting(s.name, true)
       OPERATOR(pg_catalog.<>) ALL (pg_catalog.string_to_array(s.valid, '|'))`,
    [
      settings.map(({ name }) => name),
      settings.map(({ value }) => value),
      settings.map(({ value, alsoValid = [] }) => [value, ...alsoValid].join("|")),
    ],
  );
  return (row as { pid: number }).pid;
}

/** Only a superuser may change the setting, so only a superuser can have set it for the database or the role. */
function forbidden({ name, value, reason }: SessionSetting): RingbackError {
  return new RingbackError(
    "internal",
    `The database or the role of this server sets ${name}, and the role may not set it to ${value}. ${reason} ` +
      `Remove the setting with ALTER ROLE … RESET ${name} and ALTER DATABASE … RESET ${name}.`,
  );
}
