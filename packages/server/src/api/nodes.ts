import type { FastifyInstance } from "fastify";
import { nodesSchema, nodesView } from "../shapes/node.ts";
import { noParameters, queryReader } from "../shapes/query.ts";
import { problemResponses } from "../shapes/schema-parts.ts";
import type { Store } from "../store/store.ts";

export function nodeRoutes(app: FastifyInstance, { store }: { readonly store: Store }): void {
  const readNoQuery = queryReader(noParameters);

  app.get(
    "/v1/nodes",
    {
      schema: {
        tags: ["operations"],
        operationId: "listNodes",
        summary: "List the nodes of the cluster",
        description: "As the database knows them. With SQLite there is one node.",
        response: { 200: nodesSchema, ...problemResponses("storage_unavailable") },
      },
    },
    async (request) => {
      readNoQuery(request);
      return nodesView(await store.cluster.nodes());
    },
  );
}
