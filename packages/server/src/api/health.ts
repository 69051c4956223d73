import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { readiness } from "../ops/health.ts";
import type { ApiContext } from "./dependencies.ts";
import { problemResponses } from "../shapes/schema-parts.ts";

const healthSchema = Type.Object(
  { status: Type.Enum(["ok"]), version: Type.String() },
  { additionalProperties: false, description: "The process is up." },
);
const readySchema = Type.Object(
  { status: Type.Enum(["ready"]) },
  { additionalProperties: false, description: "Requests are served and the database takes writes." },
);

export function healthRoutes(app: FastifyInstance, { store, ready, version }: ApiContext): void {
  const tags = ["operations"];

  app.get(
    "/healthz",
    {
      schema: { tags, operationId: "getHealth", summary: "Is the process up?", response: { 200: healthSchema } },
    },
    () => ({ status: "ok", version }),
  );

  app.get(
    "/readyz",
    {
      schema: {
        tags,
        operationId: "getReadiness",
        summary: "Can it serve requests?",
        response: { 200: readySchema, ...problemResponses("not_ready", "storage_unavailable") },
      },
    },
    () => {
      const state = readiness(store, ready);
      if (!state.ready) throw new RingbackError(state.code, state.reason);
      return { status: "ready" };
    },
  );
}
