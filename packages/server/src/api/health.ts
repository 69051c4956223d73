import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { assertReady } from "../ops/health.ts";
import { describedShape, operation, problemResponses } from "../shapes/schema-parts.ts";
import type { ApiParts } from "./api-parts.ts";

const healthSchema = describedShape("Health", "The process is up.", {
  status: Type.Enum(["ok"]),
  version: Type.String(),
});
const readySchema = describedShape("Readiness", "The server answers requests, and the database can be written.", {
  status: Type.Enum(["ready"]),
});
const health = {
  ...operation("operations", "getHealth", "Check that the process is up"),
  response: { 200: healthSchema, ...problemResponses() },
};
const ready = {
  ...operation("operations", "getReadiness", "Check that the server can answer requests"),
  response: { 200: readySchema, ...problemResponses("not_ready", "storage_unavailable") },
};

export function healthRoutes(app: FastifyInstance, parts: ApiParts): void {
  app.get("/healthz", { schema: health, config: { access: "public" } }, () => ({
    status: "ok",
    version: parts.version,
  }));

  app.get("/readyz", { schema: ready, config: { access: "public" } }, () => {
    assertReady(parts.store.cluster, parts.ready());
    return { status: "ready" };
  });
}
