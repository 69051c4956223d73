import type { Timers } from "../domain/ports.ts";
import { engineLimits } from "../engine/engine-limits.ts";
import type { ClusterStore, StoreNode } from "../store/cluster.ts";
import type { Logger } from "pino";

/**
 * Writes a line when another node has come, has stopped contacting the database, or is back. Every node that runs
 * writes these lines. Returns a function that ends the checks; its promise is fulfilled when no read is running.
 */
export function logNodes(
  cluster: Pick<ClusterStore, "nodes">,
  timers: Timers,
  log: Pick<Logger, "info" | "warn">,
): () => Promise<void> {
  let known: ReadonlyMap<number, StoreNode> | null = null;
  let cancel: (() => void) | null = null;
  let isEnded = false;
  let reading: Promise<void> = Promise.resolve();
  const read = async (): Promise<void> => {
    // A database that cannot be read is reported by those who need it.
    const nodes = await cluster.nodes().catch(() => null);
    if (nodes !== null) {
      const found = new Map(nodes.map((node) => [node.id, node]));
      if (known !== null) report(known, found, log);
      known = found;
    }
    if (!isEnded) cancel = timers.after(engineLimits.nodeCheckMs, check);
  };
  const check = (): void => {
    reading = read();
  };
  check();
  return () => {
    isEnded = true;
    cancel?.();
    return reading;
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
