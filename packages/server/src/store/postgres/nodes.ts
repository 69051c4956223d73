import { limits } from "../../domain/limits.ts";
import type { TimeMs } from "../../domain/model.ts";
import type { StoreNode } from "../cluster.ts";
import type { ConnectionPool } from "./database.ts";
import type { Times } from "./times.ts";

interface NodeRow {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly started_at: TimeMs;
  readonly last_seen_at: TimeMs;
  readonly alive: boolean;
}

/** Reads the rows of the nodes; a row has the time until which its node counts as alive. */
export async function readNodes(
  pool: ConnectionPool,
  times: Times,
  nodeId: number,
  aliveMs: number,
): Promise<readonly StoreNode[]> {
  const rows = await pool.query<NodeRow>(
    `SELECT id, name, version, started_at, alive_until - $2 AS last_seen_at,
       alive_until > coalesce($1::bigint, ringback.now_ms()) AS alive
     FROM ringback.node ORDER BY alive DESC, id = $3 DESC, id DESC LIMIT $4`,
    [times.at(), aliveMs, nodeId, limits.nodesListedMax],
    "nodes",
  );
  return rows
    .map(({ id, name, version, started_at, last_seen_at, alive }) => ({
      id,
      name,
      version,
      startedAtMs: started_at,
      lastSeenAtMs: last_seen_at,
      isAlive: alive,
      isThis: id === nodeId,
    }))
    .toSorted((one, other) => Number(other.isAlive) - Number(one.isAlive) || one.id - other.id);
}
