import type { FastifyInstance } from "fastify";
import { nodesSchema, nodesView } from "../shapes/node.ts";
import { operation, problemResponses } from "../shapes/schema-parts.ts";
import type { ApiParts } from "./api-parts.ts";

const schema = {
  ...operation("operations", "listNodes", "List the nodes of the cluster"),
  description: "As the database knows them. With SQLite there is one node.",
  response: { 200: nodesSchema, ...problemResponses("storage_unavailable") },
};

export function nodeRoutes(app: FastifyInstance, { store }: ApiParts): void {
  app.get("/v1/nodes", { schema, config: { access: "operator" } }, async () => nodesView(await store.cluster.nodes()));
}
