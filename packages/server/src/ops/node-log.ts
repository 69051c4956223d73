import type { Logger } from "pino";
import type { StoreNode } from "../store/cluster.ts";

/**
 * Returns a function that gets the nodes of the cluster at intervals, and writes a line when another node has come, has
 * stopped contacting the database, or is back. Every node that runs writes these lines.
 */
export function createNodeLog(log: Pick<Logger, "info" | "warn">): (nodes: readonly StoreNode[]) => void {
  let known: ReadonlyMap<number, StoreNode> | null = null;
  return (nodes) => {
    const found = new Map(nodes.map((node) => [node.id, node]));
    if (known !== null) report(known, found, log);
    known = found;
  };
}

function report(
  before: ReadonlyMap<number, StoreNode>,
  now: ReadonlyMap<number, StoreNode>,
  log: Pick<Logger, "info" | "warn">,
): void {
  for (const [id, node] of now) {
    const wasAlive = before.get(id)?.isAlive;
    if (node.isThis || node.isAlive === wasAlive) continue;
    if (node.isAlive) log.info({ event: "node.joined", ...membersOf(node) }, "another node uses the database");
    else if (wasAlive === true) log.warn({ event: "node.gone", ...membersOf(node) }, "another node is gone");
  }
  // A node that stops in order removes itself from the list.
  for (const [id, node] of before) {
    if (node.isAlive && !now.has(id)) log.info({ event: "node.left", ...membersOf(node) }, "another node has stopped");
  }
}

function membersOf({ id, name, version, lastSeenAtMs }: StoreNode) {
  return { node: id, name, version, lastSeenAt: new Date(lastSeenAtMs).toISOString() };
}
