import type { FastifyInstance } from "fastify";
import type { Metrics } from "../ops/metrics.ts";

export function metricsRoute(app: FastifyInstance, { metrics }: { readonly metrics: Metrics }): void {
  app.get(
    "/metrics",
    {
      schema: {
        tags: ["operations"],
        operationId: "getMetrics",
        summary: "Get the metrics in the Prometheus text format",
        response: { 200: { description: "The metrics.", content: { "text/plain": { schema: { type: "string" } } } } },
      },
    },
    async (_request, reply) => {
      const text = await metrics.render();
      return reply.header("content-type", metrics.contentType).send(text);
    },
  );
}
