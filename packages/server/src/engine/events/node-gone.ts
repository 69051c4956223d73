import type { EngineServices } from "../services.ts";
import type { EventMessages } from "./event-messages.ts";

/** Returns a check that reports nodes whose heartbeat has ended. A node that stops properly is in no list any more. */
export function nodeGoneCheck(
  { store, clock }: Pick<EngineServices, "store" | "clock">,
  messages: EventMessages,
): () => Promise<void> {
  /** Nodes that this process has reported and that are still listed. */
  let reported: ReadonlySet<number> = new Set();
  return async () => {
    const gone = (await store.cluster.nodes()).filter(({ isAlive, isThis }) => !isAlive && !isThis);
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
