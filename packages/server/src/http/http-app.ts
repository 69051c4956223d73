import Fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { guardCallers } from "./caller-gate.ts";
import type { CallerRules } from "./caller-rules.ts";
import { createErrorHandler, type RequestFailed } from "./error-handler.ts";
import type { HttpLimits } from "./http-limits.ts";
import type { Listeners } from "./listeners.ts";
import { requestIdOf, showRequestId } from "./request-id.ts";

/**
 * Returns an application without routes. All error responses of the application are problem documents. The caller must
 * call `listen` and `close`.
 */
export function createHttpApp(
  config: HttpLimits,
  failed: RequestFailed,
  callers: CallerRules,
  listeners: Listeners,
): FastifyInstance {
  const answerError = createErrorHandler(failed);

  // Fastify gets no logger, because it would create a child logger for every request. The error handler logs failures.
  const app = Fastify({
    serverFactory: (listener) => listeners.createMain(listener, config),
    trustProxy: listeners.isTrustedProxy,
    // The listeners handle these errors, on each of their servers.
    clientErrorHandler: () => {},
    frameworkErrors: answerError,
    // Requests to a stopping server are refused by the listeners instead, with a problem document.
    return503OnClosing: false,
    genReqId: (request) => requestIdOf(request),
    // The routes check the form of names, so the router accepts every name that fits into the header section.
    routerOptions: { maxParamLength: config.requestHeaderBytesMax },
    // Without these two, Fastify would load its own compilers at every start.
    schemaController: {
      compilersFactory: {
        // Fastify's own validation drops unknown fields and converts types. Each route checks its input with
        // `shape-check.ts`, against the schema that it also registers for the OpenAPI document.
        buildValidator: () => (() => () => true) as never,
        // Measured: for responses of this size JSON.stringify is as fast as a compiled serialiser. JSON.stringify also
        // drops no members.
        buildSerializer: () => () => (data: unknown) => JSON.stringify(data),
      },
    },
  });
  app.setErrorHandler(answerError);
  app.addHook("onRequest", (request, reply, done) => {
    showRequestId(request.raw, reply.raw);
    done();
  });
  guardCallers(app, (name) => {
    const address = name === "main" ? undefined : listeners.addresses[name];
    return { ...callers, listenHost: address?.host ?? callers.listenHost };
  });
  let ended: Promise<void> | null = null;
  app.addHook("preClose", (done) => {
    ended = listeners.end(app.server);
    done();
  });
  app.addHook("onClose", async () => ended);
  return app;
}
