import type { FastifyInstance, FastifyReply } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Subscription } from "../domain/model.ts";
import type { PulledMessage } from "../engine/pull/pulls.ts";
import { subscriptionAt } from "./catalog-lookup.ts";
import type { SubscriptionPath } from "./catalog-lookup.ts";
import type { ApiContext } from "./dependencies.ts";
import { onResponseSent } from "../http/response-sent.ts";
import { jsonBody, optionalJson } from "../http/json-body.ts";
import {
  ackBody,
  nackBody,
  pullBody,
  pulledSchema,
  pulledView,
  acknowledgeResultsSchema,
  acknowledgeResultsView,
} from "../shapes/pull.ts";
import { noParameters, queryReader } from "../shapes/query.ts";
import { bodyErrors, problemResponses, subscriptionParams, writeErrors } from "../shapes/schema-parts.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { onSocketClose } from "../http/socket-close.ts";

const tags = ["pulling"];
const base = "/v1/topics/:topic/subscriptions/:subscription";
const errors = [
  "invalid_name",
  "topic_not_found",
  "subscription_not_found",
  "not_pulled",
  ...bodyErrors,
  ...writeErrors,
] as const;

/** Taking messages from a subscription that is not pushed, and answering for them. */
export function pullRoutes(app: FastifyInstance, context: ApiContext): void {
  const { pulls, log } = context;
  const readPull = shapeReader(pullBody);
  const readAck = shapeReader(ackBody);
  const readNack = shapeReader(nackBody);
  const readNoQuery = queryReader(noParameters);
  const givenBack = new Set<Promise<unknown>>();
  // Before the server waits for its requests to end: these could be a minute from it.
  app.addHook("preClose", (done) => {
    pulls.stopWaiting();
    done();
  });
  // Before the store closes.
  app.addHook("onClose", async () => {
    await Promise.all(givenBack);
  });

  app.post<{ Params: SubscriptionPath }>(
    `${base}/pull`,
    {
      schema: {
        tags,
        operationId: "pull",
        summary: "Take messages, each for a limited time",
        description:
          "What is taken is hidden from other receivers until its `visibleAt`, on every server of the database. Acknowledge it by then, or it is handed out again. " +
          "A paused subscription gives nothing. A client that leaves while it waits takes nothing, and one that leaves before it has the whole answer leaves the messages to others.",
        params: subscriptionParams,
        body: pullBody,
        response: {
          200: pulledSchema,
          ...problemResponses(...errors, "too_many_waiters", "too_many_unacknowledged"),
        },
      },
    },
    async (request, reply) => {
      readNoQuery(request);
      const { messagesMax = 1, waitMs = 0, visibilityMs = null } = readPull(optionalJson(request));
      const subscription = await pulledAt(context, request.params);
      const { socket } = request.raw;
      const gone = new AbortController();
      const forget = onSocketClose(socket, () => gone.abort());
      if (socket.destroyed) gone.abort();
      // Counts as under way until the client has it or has gone.
      let arrived: (() => void) | null = null;
      const handedOut = (done: () => void): void => void (arrived = done);
      const want = { messagesMax, waitMs, visibilityMs, gone: gone.signal, handedOut };
      const messages = await pulls.pull(subscription, want).finally(forget);
      if (messages.length === 0) {
        return reply.header("cache-control", "no-store").send({ messages: [] });
      }
      const over = (handedOver: boolean): void => {
        arrived?.();
        if (!handedOver) giveBack(subscription, messages);
      };
      if (gone.signal.aborted) {
        over(false);
        return reply.hijack();
      }
      sendWhole(reply, pulledView(messages, subscription.topic), over);
      return reply;
    },
  );

  app.post<{ Params: SubscriptionPath }>(
    `${base}/ack`,
    {
      schema: {
        tags,
        operationId: "acknowledge",
        summary: "Acknowledge messages: they do not come again",
        description: "200 also where some or all of the receipt handles have ended: look at `failed` and at `results`.",
        params: subscriptionParams,
        body: ackBody,
        response: { 200: acknowledgeResultsSchema, ...problemResponses(...errors) },
      },
    },
    async (request) => {
      readNoQuery(request);
      const { receiptHandles } = readAck(jsonBody(request).value);
      const subscription = await pulledAt(context, request.params);
      return acknowledgeResultsView(receiptHandles, await pulls.acknowledge(subscription, receiptHandles));
    },
  );

  app.post<{ Params: SubscriptionPath }>(
    `${base}/nack`,
    {
      schema: {
        tags,
        operationId: "putBack",
        summary: "Put messages back, or keep them for longer",
        description:
          "200 also where some or all of the receipt handles have ended: look at `failed` and at `results`. A receipt handle that was put off counts until its message is there again.",
        params: subscriptionParams,
        body: nackBody,
        response: { 200: acknowledgeResultsSchema, ...problemResponses(...errors) },
      },
    },
    async (request) => {
      readNoQuery(request);
      const { receiptHandles, delayMs = 0 } = readNack(jsonBody(request).value);
      const subscription = await pulledAt(context, request.params);
      return acknowledgeResultsView(receiptHandles, await pulls.putBack(subscription, receiptHandles, delayMs));
    },
  );

  /** Nobody has them: others need not wait until their time is up. Where that fails, they do wait. */
  function giveBack(subscription: Subscription, messages: readonly PulledMessage[]): void {
    const receiptHandles = messages.map(({ receiptHandle }) => receiptHandle);
    const giving = pulls
      .putBack(subscription, receiptHandles, 0)
      .catch((error: unknown) =>
        log.warn({ err: error }, "messages that nobody has got are hidden until their time is up"),
      )
      .finally(() => givenBack.delete(giving));
    givenBack.add(giving);
  }
}

async function pulledAt(context: ApiContext, path: SubscriptionPath): Promise<Subscription> {
  const subscription = await subscriptionAt(context, path);
  if (subscription.settings.pull !== undefined) return subscription;
  throw new RingbackError("not_pulled", `The subscription "${path.subscription}" is pushed: nobody can pull from it.`);
}

/** Not by fastify, which would not tell whether the client has got it. */
function sendWhole(reply: FastifyReply, body: object, over: (handedOver: boolean) => void): void {
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
