import type { EngineServices } from "../services.ts";
import type { EventLog } from "./event-log.ts";
import type { EventMessages } from "./event-messages.ts";

export interface NodeCheckOptions extends Pick<EngineServices, "store" | "clock"> {
  readonly messages: EventMessages;
  readonly log: EventLog;
}

/**
 * Returns a check that reads the nodes of the cluster, and reports those whose heartbeat has ended. A node that stops
 * in order is not listed any more.
 */
export function nodeGoneCheck({ store, clock, messages, log }: NodeCheckOptions): () => Promise<void> {
  /** Nodes that this process has reported and that are still listed. */
  let reported: ReadonlySet<number> = new Set();
  return async () => {
    const nodes = await store.cluster.nodes();
    log.nodesRead(nodes);
    const gone = nodes.filter(({ isAlive, isThis }) => !isAlive && !isThis);
    for (const { id: node, name, version, startedAtMs, lastSeenAtMs } of gone) {
      if (reported.has(node)) continue;
      const [startedAt, lastSeenAt] = [new Date(startedAtMs).toISOString(), new Date(lastSeenAtMs).toISOString()];
      messages.add({
        type: "node.gone",
        accountId: store.catalog.defaultAccount().id,
        at: clock.wall(),
        members: { node, name, version, startedAt, lastSeenAt },
        // A node is listed for no longer than the store knows the key.
        key: `node.gone ${node} ${startedAtMs}`,
      });
    }
    reported = new Set(gone.map(({ id }) => id));
  };
}
