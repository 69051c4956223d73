import type { FastifyInstance } from "fastify";
import { operation } from "../shapes/schema-parts.ts";
import type { ApiParts } from "./api-parts.ts";

const schema = {
  ...operation("operations", "getMetrics", "Get the metrics in the Prometheus text format"),
  response: { 200: { description: "The metrics.", content: { "text/plain": { schema: { type: "string" } } } } },
};

export function metricsRoute(app: FastifyInstance, { metrics }: ApiParts): void {
  app.get("/metrics", { schema, config: { access: "operator" } }, async (_request, reply) =>
    reply.header("content-type", metrics.contentType).send(await metrics.render()),
  );
}
