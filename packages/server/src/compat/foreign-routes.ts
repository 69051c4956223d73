import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { errorTable, RingbackError, type ErrorCode } from "../domain/errors.ts";
import { BodyBudget } from "../http/body-budget.ts";
import { takeBodiesAsBytes } from "../http/body-bytes.ts";
import { httpLimitDefaults, type HttpLimits } from "../http/http-limits.ts";

const callerErrors: ReadonlySet<ErrorCode> = new Set(["host_not_allowed", "origin_not_allowed"]);

/** The statuses of requests that the rules for hosts and origins refused. */
const refusedCallers = new WeakMap<FastifyRequest, number>();

interface ForeignRoutes {
  readonly requestBytesMax: number;
  readonly limits?: Partial<HttpLimits>;
  /**
   * Replaces the content type of every request. Fastify would refuse an invalid media type, but clients of other
   * systems send any text or no content type. `request.raw.headers` keeps the original.
   */
  readonly contentType: string;
  /** Answers every failure with an error response in the format of the other system. */
  readonly refuse: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;
  readonly addRoutes: (scope: FastifyInstance) => void;
}

/** Adds routes of another system's API. The routes get request bodies as bytes. */
export async function addForeignRoutes(app: FastifyInstance, given: ForeignRoutes): Promise<void> {
  const { requestBytesMax, limits, contentType, refuse, addRoutes } = given;
  await app.register((scope, _options, done) => {
    const config = { ...httpLimitDefaults, ...limits };
    takeBodiesAsBytes(scope, requestBytesMax, new BodyBudget(config), config);
    scope.addHook("onRequest", (request, _reply, next) => {
      if (request.headers["content-type"] !== contentType) {
        request.headers = { ...request.headers, "content-type": contentType };
      }
      next();
    });
    // Other systems answer every failure with the status 200. A refused web page gets the true status, because the page
    // is no client of those systems.
    scope.addHook("onSend", (request, reply, payload, next) => {
      const status = refusedCallers.get(request);
      if (status !== undefined) reply.code(status);
      next(null, payload);
    });
    scope.setErrorHandler((error, request, reply) => {
      // The listener does not serve these routes, so it answers as for any unknown path.
      if (error instanceof RingbackError && error.code === "route_not_found") throw error;
      if (error instanceof RingbackError && callerErrors.has(error.code)) {
        refusedCallers.set(request, errorTable[error.code].status);
      }
      refuse(error, request, reply);
    });
    addRoutes(scope);
    done();
  });
}
