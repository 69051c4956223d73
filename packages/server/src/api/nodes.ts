import type { FastifyInstance } from "fastify";
import type { ApiContext } from "./dependencies.ts";
import { nodesSchema, nodesView } from "../shapes/node.ts";
import { noParameters, queryReader } from "../shapes/query.ts";
import { problemResponses } from "../shapes/schema-parts.ts";

export function nodeRoutes(app: FastifyInstance, { store }: ApiContext): void {
  const readNoQuery = queryReader(noParameters);

  app.get(
    "/v1/nodes",
    {
      schema: {
        tags: ["operations"],
        operationId: "listNodes",
        summary: "Look at the nodes of the cluster",
        description: "As the database knows them. With SQLite there is one.",
        response: { 200: nodesSchema, ...problemResponses("storage_unavailable") },
      },
    },
    async (request) => {
      readNoQuery(request);
      return nodesView(await store.cluster.nodes());
    },
  );
}
