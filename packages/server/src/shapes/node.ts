import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { StoreNode } from "../store/cluster.ts";
import { timeText as timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

const nodeSchema = Type.Object(
  {
    id: Type.Integer({ description: "Given at its start, and never twice.", examples: [7] }),
    name: Type.String({ description: "The name of its host.", examples: ["ringback-6c9f7d-x2b4q"] }),
    version: Type.String({ examples: ["0.1.0"] }),
    startedAt: timeSchema("When it was started."),
    lastSeenAt: timeSchema("When it last said that it is there; the living do so every few seconds."),
    alive: Type.Boolean({ description: "It has been seen lately. One that is not has lost what it had claimed." }),
    self: Type.Boolean({ description: "It is the one that answers." }),
  },
  { additionalProperties: false, description: "A node: one process of the cluster." },
);

export const nodesSchema = Type.Object(
  { items: Type.Array(nodeSchema, { maxItems: limits.nodesListedMax }) },
  {
    additionalProperties: false,
    description: "The living nodes, then those that have gone without a word within a day.",
  },
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
