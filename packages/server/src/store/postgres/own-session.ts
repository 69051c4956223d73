import { RingbackError } from "../../domain/errors.ts";
import type { Connection } from "./connection.ts";
import type { Lane } from "./database.ts";

/**
 * Refuses a proxy that hands its sessions out anew with each transaction, as PgBouncer does in transaction mode. Through it LISTEN hears
 * nothing and prepared statements are another's, and both would show only under load.
 */
export async function assertOwnSessions(lane: Lane): Promise<void> {
  await lane.withConnection((one) =>
    lane.withConnection(async (other) => {
      if (!(await sharesSessions(one, other))) return;
      throw new RingbackError(
        "internal",
        "The database is behind a proxy that shares sessions between its clients, such as PgBouncer in transaction mode: " +
          "connect to PostgreSQL itself, or set pool_mode = session.",
      );
    }),
  );
}

/**
 * A session of one's own has one process of the server, and nobody else has it. A proxy that takes turns is seen by a
 * statement after a statement; one that gives out what was last free, by a transaction that stands between the two.
 */
export async function sharesSessions(one: Connection, other: Connection): Promise<boolean> {
  const seen = new Set([await backendOf(one), await backendOf(one)]);
  await other.query("BEGIN");
  try {
    const taken = await backendOf(other);
    if (seen.size > 1 || seen.has(taken)) return true;
    seen.add(await backendOf(one));
    return seen.size > 1;
  } finally {
    await other.query("COMMIT");
  }
}

async function backendOf(connection: Connection): Promise<number> {
  const [row] = await connection.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return (row as { pid: number }).pid;
}
