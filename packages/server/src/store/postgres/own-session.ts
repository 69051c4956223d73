import { RingbackError } from "../../domain/errors.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";

/**
 * Refuses a proxy that hands its sessions out anew with each transaction, as PgBouncer does in transaction mode. Through it LISTEN hears
 * nothing and prepared statements are another's, and both would show only under load.
 */
export async function assertOwnSessions(pool: ConnectionPool): Promise<void> {
  await pool.withConnection((one) =>
    pool.withConnection(async (other) => {
      if (!(await sharesSessions(one, other))) return;
      throw new RingbackError(
        "internal",
        "The database is behind a proxy that shares sessions between its clients, such as PgBouncer in transaction mode: " +
          "connect to PostgreSQL itself, or set pool_mode = session.",
      );
    }),
  );
}

/** Looks at each of the two connections. Other clients of a proxy could bring the same session back a few times, not so often. */
const ROUNDS = 12;

/**
 * A session of one's own has one process of the server, and nobody else has it. A proxy that takes turns is seen by a
 * statement after a statement; one that gives out what was last free, by a transaction that stands between the two. The
 * two change places, so that no order in which sessions come back fits both. At most one transaction is open, since a proxy may
 * have no more than one session.
 */
export async function sharesSessions(one: Connection, other: Connection): Promise<boolean> {
  const known = new Map<Connection, number>();
  const isOwn = async (connection: Connection): Promise<boolean> => {
    const pid = await backendOf(connection);
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

async function backendOf(connection: Connection): Promise<number> {
  const [row] = await connection.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return (row as { pid: number }).pid;
}
