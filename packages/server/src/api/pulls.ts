import type { FastifyInstance, FastifyReply } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Subscription } from "../domain/model.ts";
import type { PulledMessage } from "../engine/pull/pulls.ts";
import { jsonBody, optionalJson } from "../http/json-body.ts";
import { onResponseSent } from "../http/response-sent.ts";
import { whileConnected } from "../http/socket-close.ts";
import {
  ackBody,
  acknowledgeResultsSchema,
  acknowledgeResultsView,
  nackBody,
  pullBody,
  pulledSchema,
  pulledView,
} from "../shapes/pull.ts";
import { bodyErrors, operation, problemResponses, subscriptionParams, writeErrors } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import type { Store } from "../store/store.ts";
import { callerOf, type RequestTo } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { subscriptionAt, type SubscriptionPath } from "./subscriptions.ts";

const base = "/v1/topics/:topic/subscriptions/:subscription";
const config = { access: "consume" } as const;
const errors = [
  "invalid_name",
  "topic_not_found",
  "subscription_not_found",
  "not_pulled",
  ...bodyErrors,
  ...writeErrors,
] as const;

const pullSchema = {
  ...operation("pulling", "pull", "Pull messages, each for a limited time"),
  description:
    "A pulled message is invisible to other receivers until its `visibleAt`, on every server of the database. A message " +
    "that is not acknowledged by then can be pulled again. A paused subscription gives no messages. A client that " +
    "disconnects before it has the whole answer gets no messages: others can pull them at once.",
  params: subscriptionParams,
  body: pullBody,
  response: { 200: pulledSchema, ...problemResponses(...errors, "too_many_waiters", "too_many_unacknowledged") },
};
const answeredPerHandle =
  "The answer is 200 even if some receipt handles are no longer valid: see `failed` and `results`.";
const ackSchema = {
  ...operation("pulling", "acknowledge", "Acknowledge messages: they are not delivered again"),
  description: answeredPerHandle,
  params: subscriptionParams,
  body: ackBody,
  response: { 200: acknowledgeResultsSchema, ...problemResponses(...errors) },
};
const nackSchema = {
  ...ackSchema,
  operationId: "putBack",
  summary: "Put messages back, or keep them longer",
  description: `${answeredPerHandle} A receipt handle with a delay stays valid until its message is visible again.`,
  body: nackBody,
};

export function pullRoutes(app: FastifyInstance, parts: ApiParts): void {
  // A closing server waits until its requests have ended. A pull that waits for a message would take up to a minute.
  app.addHook("preClose", (done) => {
    parts.pulls.stopWaiting();
    done();
  });
  pullRoute(app, parts);
  acknowledgeRoutes(app, parts);
}

function pullRoute(app: FastifyInstance, { store, pulls, access, log }: ApiParts): void {
  const readPull = shapeReader(pullBody);
  const puttingBack = new Set<Promise<unknown>>();
  // Messages must be put back before the store closes.
  app.addHook("onClose", async () => {
    await Promise.all(puttingBack);
  });

  const options = { schema: pullSchema, config: { ...config, isBodyOptional: true } };
  app.post<{ Params: SubscriptionPath }>(`${base}/pull`, options, async (request, reply) => {
    const { messagesMax = 1, waitMs = 0, visibilityMs = null } = readPull(optionalJson(request));
    const subscription = await pulledAt(store, request);
    const { socket } = request.raw;
    // The messages count as unread until the client has received them or has disconnected.
    let arrived: (() => void) | null = null;
    const onDelivered = (done: () => void): void => void (arrived = done);
    const messages = await whileConnected(
      socket,
      (gone) => pulls.pull(subscription, { messagesMax, waitMs, visibilityMs, gone, onDelivered }),
      waitMs === 0 ? undefined : (ended) => access.keyWatch.whenInvalid(callerOf(request), ended),
    );
    if (messages.length === 0) {
      return reply.header("cache-control", "no-store").send({ messages: [] });
    }
    const over = (isDelivered: boolean): void => {
      arrived?.();
      if (!isDelivered) putBack(subscription, messages);
    };
    if (socket.destroyed) {
      over(false);
      return reply.hijack();
    }
    sendWhole(reply, pulledView(messages, subscription.topic), over);
    return reply;
  });

  /**
   * Makes undelivered messages visible again, so that other receivers do not have to wait for the visibility timeout.
   * If this fails, the messages become visible when the timeout ends.
   */
  function putBack(subscription: Subscription, messages: readonly PulledMessage[]): void {
    const receiptHandles = messages.map(({ receiptHandle }) => receiptHandle);
    const done = pulls
      .putBack(subscription, receiptHandles, 0)
      .catch((error: unknown) =>
        log.warn({ err: error }, "undelivered messages stay invisible until their visibility timeout is over"),
      )
      .finally(() => puttingBack.delete(done));
    puttingBack.add(done);
  }
}

function acknowledgeRoutes(app: FastifyInstance, { store, pulls }: ApiParts): void {
  const readAck = shapeReader(ackBody);
  app.post<{ Params: SubscriptionPath }>(`${base}/ack`, { schema: ackSchema, config }, async (request) => {
    const { receiptHandles } = readAck(jsonBody(request));
    const subscription = await pulledAt(store, request);
    return acknowledgeResultsView(receiptHandles, await pulls.acknowledge(subscription, receiptHandles));
  });

  const readNack = shapeReader(nackBody);
  app.post<{ Params: SubscriptionPath }>(`${base}/nack`, { schema: nackSchema, config }, async (request) => {
    const { receiptHandles, delayMs = 0 } = readNack(jsonBody(request));
    const subscription = await pulledAt(store, request);
    return acknowledgeResultsView(receiptHandles, await pulls.putBack(subscription, receiptHandles, delayMs));
  });
}

async function pulledAt(store: Store, request: RequestTo<SubscriptionPath>): Promise<Subscription> {
  const subscription = await subscriptionAt(store, request);
  if (subscription.settings.pull !== undefined) return subscription;
  throw new RingbackError("not_pulled", `The subscription "${subscription.name}" is pushed: it cannot be pulled from.`);
}

/**
 * Sends the response without Fastify, because Fastify does not report whether the client has received the whole
 * response.
 */
function sendWhole(reply: FastifyReply, body: object, over: (isDelivered: boolean) => void): void {
  const bytes = Buffer.from(JSON.stringify(body));
  reply.raw.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "content-length": bytes.length,
    "cache-control": "no-store",
  });
  reply.hijack();
  onResponseSent(reply.raw, reply.request.raw.socket, limits.pullAnswerMsMax, over);
  reply.raw.end(bytes);
}
