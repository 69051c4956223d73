import Fastify from "fastify";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { guardCallers } from "./caller-gate.ts";
import type { CallerRules } from "./caller-rules.ts";
import { createErrorHandler } from "./error-handler.ts";
import type { HttpLimits } from "./http-limits.ts";
import { answerClientError, createHttpServer, endConnections } from "./http-server.ts";

/**
 * Returns an application without routes. All error responses of the application are problem documents. The caller must
 * call `listen` and `close`.
 */
export function createHttpApp(config: HttpLimits, log: Logger, callers: CallerRules): FastifyInstance {
  const state = { stopping: false };
  const answerError = createErrorHandler(log);

  // Fastify gets no logger, because it would create a child logger for every request. The error handler logs failures.
  const app = Fastify({
    serverFactory: (listener) => createHttpServer(listener, config, state),
    clientErrorHandler: answerClientError,
    frameworkErrors: answerError,
    // Requests to a stopping server are refused through `state` instead, with a problem document.
    return503OnClosing: false,
    genReqId: () => "",
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
  guardCallers(app, callers);
  app.addHook("preClose", (done) => {
    state.stopping = true;
    if (app.server.listening) endConnections(app.server, config);
    done();
  });
  return app;
}
