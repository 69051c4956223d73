import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { takeBodiesAsBytes } from "../http/body-bytes.ts";
import { httpLimitDefaults, type HttpLimits } from "../http/http-limits.ts";

interface ForeignRoutes {
  readonly requestBytesMax: number;
  readonly limits?: Partial<HttpLimits>;
  /**
   * Fastify refuses a content type that is not a valid media type, but clients of other systems send any, or none. So
   * every request gets this one; `request.raw.headers` keeps the client's own.
   */
  readonly contentType: string;
  /** Answers every failure in the words of the other system. */
  readonly refuse: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;
  readonly addRoutes: (scope: FastifyInstance) => void;
}

/** Adds routes of another system's API, which get the bodies of their requests as bytes. */
export async function addForeignRoutes(app: FastifyInstance, given: ForeignRoutes): Promise<void> {
  const { requestBytesMax, limits, contentType, refuse, addRoutes } = given;
  await app.register((scope, _options, done) => {
    takeBodiesAsBytes(scope, requestBytesMax, { held: 0 }, { ...httpLimitDefaults, ...limits });
    scope.addHook("onRequest", (request, _reply, next) => {
      if (request.headers["content-type"] !== contentType) {
        request.headers = { ...request.headers, "content-type": contentType };
      }
      next();
    });
    scope.setErrorHandler(refuse);
    addRoutes(scope);
    done();
  });
}
