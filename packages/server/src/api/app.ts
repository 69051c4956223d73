import Fastify from "fastify";
import type { FastifyInstance } from "fastify";
import { limits } from "../domain/limits.ts";
import { apiKeyRoutes } from "./api-keys.ts";
import { attemptRoutes } from "./attempts.ts";
import { takeBodiesAsBytes } from "../http/body-bytes.ts";
import { httpLimitDefaults } from "../http/http-limits.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import type { ApiContext, AppDependencies } from "./dependencies.ts";
import { createErrorHandler } from "../http/error-handler.ts";
import { eventRoutes } from "./events.ts";
import { healthRoutes } from "./health.ts";
import { answerClientError, createHttpServer, endConnections } from "../http/http-server.ts";
import { inboxGateRoutes } from "./inbox-gate.ts";
import { inboxRoutes } from "./inboxes.ts";
import { hookCallRoute, hookRoutes } from "./hooks.ts";
import { keyRoutes } from "./keys.ts";
import { messageRoutes, publishRoutes } from "./messages.ts";
import { metricsRoute } from "./metrics-route.ts";
import { nodeRoutes } from "./nodes.ts";
import { describeRoutes, openapiRoute } from "./openapi.ts";
import { pullRoutes } from "./pulls.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { topicRoutes } from "./topics.ts";
import { answerUnmatchedRoutes } from "../http/unmatched-route.ts";

export type { AppDependencies } from "./dependencies.ts";
export type { HttpLimits } from "../http/http-limits.ts";

/** The whole HTTP application; `listen` and `close` are the caller's. */
export async function createApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const config = { ...httpLimitDefaults, ...dependencies.config };
  const context: ApiContext = { ...dependencies, config };
  const state = { stopping: false };
  const arriving = { held: 0 };
  const answerError = createErrorHandler(context.log);

  // No logger: with one, fastify makes a child of it for every request. Failures are logged by the error handler.
  const app = Fastify({
    serverFactory: (listener) => createHttpServer(listener, config, state),
    clientErrorHandler: answerClientError,
    frameworkErrors: answerError,
    // `state` does it, with a body of our own.
    return503OnClosing: false,
    genReqId: () => "",
    // Names are checked by their own rule; whatever fits into the header section may come here.
    routerOptions: { maxParamLength: config.requestHeaderBytesMax },
  });
  app.setErrorHandler(answerError);
  // Fastify's own validation would drop unknown fields and bend types. The routes check their input themselves, by
  // `shape-check.ts`, against the same schemas that are given here for the OpenAPI document.
  app.setValidatorCompiler(() => () => true);
  // Measured: for answers of this size JSON.stringify costs what a compiled serialiser does, and it drops nothing.
  app.setSerializerCompiler(() => (data: unknown) => JSON.stringify(data));
  app.addHook("preClose", (done) => {
    state.stopping = true;
    if (app.server.listening) endConnections(app.server, config);
    done();
  });

  await describeRoutes(app, context.version);
  answerUnmatchedRoutes(app);
  takeBodiesAsBytes(app, config.catalogRequestBytesMax, arriving, config);
  topicRoutes(app, context);
  subscriptionRoutes(app, context);
  pullRoutes(app, context);
  messageRoutes(app, context);
  attemptRoutes(app, context);
  deadLetterRoutes(app, context);
  inboxRoutes(app, context);
  hookRoutes(app, context);
  keyRoutes(app, context);
  apiKeyRoutes(app, context);
  eventRoutes(app, context);
  nodeRoutes(app, context);
  healthRoutes(app, context);
  metricsRoute(app, context);
  openapiRoute(app);
  await app.register((scope, _options, done) => {
    takeBodiesAsBytes(scope, config.requestBytesMax, arriving, config);
    publishRoutes(scope, context);
    hookCallRoute(scope, context);
    done();
  });
  await app.register((scope, _options, done) => {
    // What is larger than any message may be is not read first.
    takeBodiesAsBytes(scope, limits.bodyBytesMax, arriving, config);
    inboxGateRoutes(scope, context);
    done();
  });
  return app;
}
