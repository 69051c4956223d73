import type { FastifyInstance } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { readiness } from "../ops/health.ts";
import type { Readiness } from "../ops/health.ts";
import { problemResponses } from "../shapes/schema-parts.ts";
import type { Store } from "../store/store.ts";

const healthSchema = Type.Object(
  { status: Type.Enum(["ok"]), version: Type.String() },
  { additionalProperties: false, description: "The process is up." },
);
const readySchema = Type.Object(
  { status: Type.Enum(["ready"]) },
  { additionalProperties: false, description: "The server answers requests, and the database can be written." },
);

interface HealthParts {
  readonly store: Store;
  readonly ready: () => Readiness;
  readonly version: string;
}

export function healthRoutes(app: FastifyInstance, { store, ready, version }: HealthParts): void {
  const tags = ["operations"];

  app.get(
    "/healthz",
    {
      schema: {
        tags,
        operationId: "getHealth",
        summary: "Check that the process is up",
        response: { 200: healthSchema },
      },
    },
    () => ({ status: "ok", version }),
  );

  app.get(
    "/readyz",
    {
      schema: {
        tags,
        operationId: "getReadiness",
        summary: "Check that the server can answer requests",
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
