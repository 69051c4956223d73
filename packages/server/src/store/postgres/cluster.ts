import { limits } from "../../domain/limits.ts";
import type { ClusterStore, NodeLabel, StoreNode } from "../cluster.ts";
import { call, type Connection } from "./connection.ts";
import type { Listener } from "./listener.ts";
import type { StoreContext } from "./store-context.ts";
import { hasEnded } from "./process-identity.ts";
import type { Times } from "./times.ts";

export async function registerNode(
  connection: Connection,
  times: Times,
  aliveMs: number,
  { name, version }: NodeLabel,
  process: string | null,
): Promise<number> {
  await removeEnded(connection, name);
  const [row] = await connection.query<{ id: number }>(
    `INSERT INTO ringback.node (name, version, process, started_at, beating_since, alive_until)
     SELECT $3, $4, $5, wall, now, now + $2 FROM (SELECT coalesce(($1::bigint[])[1], ringback.steady_ms()) AS now,
       coalesce(($1::bigint[])[2], ringback.now_ms()) AS wall) AS clock RETURNING id`,
    [times.at(), aliveMs, name, version, process],
  );
  return (row as { id: number }).id;
}

/**
 * Removes the nodes of this name whose processes have ended on this machine, and ends the leases of their claims. So a
 * killed server that starts again need not wait until it counts as dead.
 */
async function removeEnded(connection: Connection, name: string): Promise<void> {
  const nodes = await connection.query<{ id: number; process: string }>(
    "SELECT id, process FROM ringback.node WHERE name = $1 AND process IS NOT NULL",
    [name],
  );
  for (const { id, process } of nodes) {
    if (!hasEnded(process)) continue;
    await call(connection, "abandon_claims", [id, null]);
    await connection.query("DELETE FROM ringback.node WHERE id = $1", [id]);
  }
}

export function createCluster(context: StoreContext, listener: Listener): ClusterStore {
  const { database, health, times, nodeId, aliveMs } = context;
  return {
    async nodes() {
      // The table stores the time until which a node counts as alive: the time of its last heartbeat plus `aliveMs`.
      const rows = await database.rest.query<StoreNode>(
        `SELECT id, name, version, started_at AS "startedAtMs", alive_until - $2 AS "lastSeenAtMs",
           alive_until > coalesce(($1::bigint[])[1], ringback.steady_ms()) AS "isAlive", id = $3 AS "isThis"
         FROM ringback.node ORDER BY "isAlive" DESC, "isThis" DESC, id DESC LIMIT $4`,
        [times.at(), aliveMs, nodeId, limits.nodesListedMax],
        "nodes",
      );
      const shown = rows.map((row) => ({ ...row, lastSeenAtMs: times.wall(row.lastSeenAtMs) }));
      return shown.sort((one, other) => Number(other.isAlive) - Number(one.isAlive) || one.id - other.id);
    },
    connections: () => [database.hot.use, database.rest.use, listener.use],
    writable: () => health.writable,
  };
}
