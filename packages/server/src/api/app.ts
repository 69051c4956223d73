import type { FastifyInstance } from "fastify";
import { limits } from "../domain/limits.ts";
import { reportRequests } from "../http/answered-request.ts";
import { BodyBudget } from "../http/body-budget.ts";
import { takeBodiesAsBytes } from "../http/body-bytes.ts";
import type { CallerRules } from "../http/caller-rules.ts";
import { httpLimitDefaults, type HttpLimits } from "../http/http-limits.ts";
import { createHttpApp } from "../http/http-app.ts";
import { Listeners } from "../http/listeners.ts";
import { errorPageRoutes } from "../http/error-pages.ts";
import { answerUnmatchedRoutes } from "../http/unmatched-route.ts";
import { refuseUnknownParameters } from "../shapes/query.ts";
import { guardAccess } from "./access-gate.ts";
import { accountRoutes } from "./accounts.ts";
import { apiKeyRoutes } from "./api-keys.ts";
import type { ApiParts } from "./api-parts.ts";
import { recordChanges } from "./audit-gate.ts";
import { auditRoutes } from "./audit.ts";
import { attemptRoutes } from "./attempts.ts";
import { deadLetterRoutes } from "./dead-letters.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { eventRoutes } from "./events.ts";
import { healthRoutes } from "./health.ts";
import { eventTypeDocumentRoutes } from "./event-type-documents.ts";
import { eventTypeRoutes } from "./event-types.ts";
import { hookCallRoute, hookRoutes } from "./hooks.ts";
import { inboxGateRoutes } from "./inbox-gate.ts";
import { inboxRoutes } from "./inboxes.ts";
import { keyRotationRoutes } from "./key-rotation.ts";
import { keyRoutes } from "./keys.ts";
import { masterKeyRoute } from "./master-key.ts";
import { messageListRoute } from "./message-list.ts";
import { expressionRoutes } from "./expressions.ts";
import { messageRoutes, publishRoutes } from "./messages.ts";
import { metricsRoute } from "./metrics.ts";
import { nodeRoutes } from "./nodes.ts";
import { describeRoutes, openapiRoute } from "./openapi.ts";
import { portalLinkRoutes } from "./portal-links.ts";
import { pullRoutes } from "./pulls.ts";
import { replayRoutes } from "./replays.ts";
import { sessionRoutes } from "./session.ts";
import { statisticsRoute } from "./statistics.ts";
import { subscriptionListRoute } from "./subscription-list.ts";
import { subscriptionRoutes } from "./subscriptions.ts";
import { testDeliveryRoute } from "./test-deliveries.ts";
import { topicRoutes } from "./topics.ts";

/** `config`: the limits that differ from `httpLimitDefaults`. */
export type AppDependencies = Omit<ApiParts, "config"> & {
  readonly config?: Partial<HttpLimits>;
  readonly callers: CallerRules;
  /** Default: only the main listener, without TLS and without trusted proxies. */
  readonly listeners?: Listeners;
};

/** Returns the whole HTTP application. The caller must call `listen` and `close`. */
export async function createApp(dependencies: AppDependencies): Promise<FastifyInstance> {
  const config = { ...httpLimitDefaults, ...dependencies.config };
  const context: ApiParts = { ...dependencies, config };
  const bodies = new BodyBudget(config);
  const { listeners = new Listeners() } = dependencies;
  const app = createHttpApp(config, context.requestLog.failed, dependencies.callers, listeners);
  const receivers = [context.requestLog, context.metrics.requests];
  reportRequests(app, receivers, ({ caller }) => caller?.account.name ?? null);
  await describeRoutes(app, context.version);
  answerUnmatchedRoutes(app);
  guardAccess(app, context.access);
  recordChanges(app, context);
  refuseUnknownParameters(app);
  takeBodiesAsBytes(app, config.catalogRequestBytesMax, bodies, config);
  topicRoutes(app, context);
  subscriptionRoutes(app, context);
  subscriptionListRoute(app, context);
  pullRoutes(app, context);
  messageRoutes(app, context);
  messageListRoute(app, context);
  attemptRoutes(app, context);
  deadLetterRoutes(app, context);
  deliveryRoutes(app, context);
  replayRoutes(app, context);
  inboxRoutes(app, context);
  hookRoutes(app, context);
  eventTypeRoutes(app, context);
  eventTypeDocumentRoutes(app, context);
  keyRoutes(app, context);
  keyRotationRoutes(app, context);
  masterKeyRoute(app, context);
  apiKeyRoutes(app, context);
  accountRoutes(app, context);
  sessionRoutes(app, context);
  portalLinkRoutes(app, context);
  auditRoutes(app, context);
  statisticsRoute(app, context);
  eventRoutes(app, context);
  nodeRoutes(app, context);
  healthRoutes(app, context);
  errorPageRoutes(app);
  metricsRoute(app, context);
  openapiRoute(app);
  await app.register((scope, _options, done) => {
    takeBodiesAsBytes(scope, config.requestBytesMax, bodies, config);
    publishRoutes(scope, context);
    testDeliveryRoute(scope, context);
    expressionRoutes(scope, context);
    done();
  });
  await app.register((scope, _options, done) => {
    takeBodiesAsBytes(scope, Math.min(limits.hookPayloadBytesMax, config.requestBytesMax), bodies, config);
    hookCallRoute(scope, context);
    done();
  });
  await app.register((scope, _options, done) => {
    // A body that is larger than the largest message is refused before it is read.
    takeBodiesAsBytes(scope, limits.bodyBytesMax, bodies, config);
    inboxGateRoutes(scope, context);
    done();
  });
  return app;
}
