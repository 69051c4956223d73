import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { StoreNode } from "../store/cluster.ts";
import { about, describedShape, timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

const nodeSchema = describedShape("Node", "A node: one process of the cluster.", {
  id: about("Assigned when the node starts, and never used again.", Type.Integer({ examples: [7] })),
  name: about("The host name.", Type.String({ examples: ["ringback-6c9f7d-x2b4q"] })),
  version: Type.String({ examples: ["0.1.0"] }),
  startedAt: timeSchema("When the node was started."),
  lastSeenAt: timeSchema("When the node last reported; a living node reports every few seconds."),
  alive: about("The node has reported lately. Other nodes take over the work of one that has not.", Type.Boolean()),
  self: about("This is the node that answers the request.", Type.Boolean()),
});

export const nodesSchema = describedShape(
  "NodeList",
  "The living nodes, then the nodes that have stopped reporting within the last day.",
  { items: Type.Array(nodeSchema, { maxItems: limits.nodesListedMax }) },
);

export function nodesView(nodes: readonly StoreNode[]): Static<typeof nodesSchema> {
  return {
    items: nodes.map(({ id, name, version, startedAtMs, lastSeenAtMs, isAlive, isThis }) => ({
      id,
      name,
      version,
      startedAt: timeText(startedAtMs),
      lastSeenAt: timeText(lastSeenAtMs),
      alive: isAlive,
      self: isThis,
    })),
  };
}
