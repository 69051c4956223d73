import type { FastifyInstance } from "fastify";
import { operation } from "../shapes/schema-parts.ts";
import { assertForAllAccounts } from "../engine/access/access.ts";
import { callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";

const schema = {
  ...operation("operations", "getMetrics", "Get the metrics in the Prometheus text format"),
  description: "The metrics are about the whole server, so the API key must be valid for all accounts.",
  response: { 200: { description: "The metrics.", content: { "text/plain": { schema: { type: "string" } } } } },
};

export function metricsRoute(app: FastifyInstance, { metrics }: ApiParts): void {
  app.get("/metrics", { schema, config: { access: "read" } }, async (request, reply) => {
    assertForAllAccounts(callerOf(request));
    return reply.header("content-type", metrics.contentType).send(await metrics.render());
  });
}
