import type { Clock } from "../../domain/ports.ts";
import type { ClusterStore, NodeLabel } from "../cluster.ts";
import type { GroupCommit } from "./group-commit.ts";

/** A cluster of one node, because only one process can have the store open. */
export function sqliteCluster(clock: Clock, label: NodeLabel, commits: GroupCommit): ClusterStore {
  const startedAtMs = clock.wall();
  return {
    nodes: async () => [{ id: 1, ...label, startedAtMs, lastSeenAtMs: clock.wall(), isAlive: true, isThis: true }],
    connections: () => [],
    writable: () => commits.writable,
  };
}
