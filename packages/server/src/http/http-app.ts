import Fastify from "fastify";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { createErrorHandler } from "./error-handler.ts";
import type { HttpLimits } from "./http-limits.ts";
import { answerClientError, createHttpServer, endConnections } from "./http-server.ts";

/**
 * Returns an application without routes, whose every answer to a failure is a problem. The caller makes it listen, and
 * closes it.
 */
export function createHttpApp(config: HttpLimits, log: Logger): FastifyInstance {
  const state = { stopping: false };
  const answerError = createErrorHandler(log);

  // Without a logger, of which fastify would make a child for every request. The error handler logs failures.
  const app = Fastify({
    serverFactory: (listener) => createHttpServer(listener, config, state),
    clientErrorHandler: answerClientError,
    frameworkErrors: answerError,
    // `state` does the same, and its answer is a problem.
    return503OnClosing: false,
    genReqId: () => "",
    // Names have a rule of their own, so the router lets every name through that fits into the header section.
    routerOptions: { maxParamLength: config.requestHeaderBytesMax },
  });
  app.setErrorHandler(answerError);
  // Fastify's own validation drops unknown fields and converts types. Each route checks its input with
  // `shape-check.ts`, against the schema that it also registers for the OpenAPI document.
  app.setValidatorCompiler(() => () => true);
  // Measured: for answers of this size JSON.stringify is as fast as a compiled serialiser. It also drops no members.
  app.setSerializerCompiler(() => (data: unknown) => JSON.stringify(data));
  app.addHook("preClose", (done) => {
    state.stopping = true;
    if (app.server.listening) endConnections(app.server, config);
    done();
  });
  return app;
}
