import { RingbackError } from "../../domain/errors.ts";
import { connectionOf, newClient, type Connection } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { toConnectError } from "./storage-failure.ts";

/**
 * Refuses a proxy that assigns a server session per transaction, as PgBouncer does in transaction mode. Behind such a
 * proxy, LISTEN receives nothing, and a session has the prepared statements of other clients. Both problems would
 * appear only under load.
 */
export async function assertOwnSessions(url: string, applicationName: string): Promise<void> {
  const limits = { query_timeout: postgresLimits.statementMsMax };
  const clients = [newClient(url, applicationName, limits), newClient(url, applicationName, limits)] as const;
  try {
    for (const client of clients) await client.connect();
    if (!(await sharesSessions(connectionOf(clients[0]), connectionOf(clients[1])))) return;
  } catch (error) {
    throw toConnectError(error);
  } finally {
    for (const client of clients) await client.end().catch(() => {});
  }
  throw new RingbackError(
    "internal",
    "The database is behind a proxy that shares sessions between its clients, such as PgBouncer in transaction mode: " +
      "connect to PostgreSQL itself, or set pool_mode = session.",
  );
}

/**
 * Number of rounds of the check. A busy proxy may return the same session a few times by chance, but not so many times
 * in a row.
 */
const ROUNDS = 12;

/**
 * Detects a proxy by the process ids of the server sessions. A session of our own always has the same process id, and
 * no other connection has the same id. A proxy that assigns sessions in rotation changes the id between two statements.
 * A proxy that assigns the most recently freed session is detected because the other connection opens a transaction
 * between two statements. The two connections swap roles, so that every order of assignment is detected. At most one
 * transaction is open at a time, since a proxy may have only one session.
 */
async function sharesSessions(one: Connection, other: Connection): Promise<boolean> {
  const known = new Map<Connection, number>();
  const isOwn = async (connection: Connection): Promise<boolean> => {
    const [row] = await connection.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const { pid } = row as { pid: number };
    const before = known.get(connection);
    known.set(connection, pid);
    const [first, second] = [known.get(one), known.get(other)];
    return (before === undefined || before === pid) && first !== second;
  };
  for (let round = 0; round < ROUNDS; round++) {
    const [still, busy] = round % 2 === 0 ? [one, other] : [other, one];
    for (const each of [still, still]) if (!(await isOwn(each))) return true;
    await busy.query("BEGIN");
    try {
      for (const each of [busy, still]) if (!(await isOwn(each))) return true;
    } finally {
      await busy.query("COMMIT");
    }
  }
  return false;
}
