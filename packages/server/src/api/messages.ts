import type { FastifyInstance, FastifyReply } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { parseMessageId } from "../domain/message-id.ts";
import type { MessageId } from "../domain/model.ts";
import type { PublishResult } from "../engine/publisher.ts";
import { topicAt } from "./catalog-lookup.ts";
import type { TopicPath } from "./catalog-lookup.ts";
import type { ApiContext } from "./dependencies.ts";
import { idempotencyHeaders, idempotencyOf } from "./idempotency.ts";
import { isJson, jsonBody, parseJson, bodyBytes } from "../http/json-body.ts";
import {
  batchBody,
  batchReceiptSchema,
  messageRecordView,
  messageSchema,
  publishBody,
  rawParameters,
  receiptSchema,
} from "../shapes/message.ts";
import { messageOf, messagesOf } from "../shapes/publish-body.ts";
import { publishErrorsAt } from "./publish-errors.ts";
import { noParameters, queryReader } from "../shapes/query.ts";
import { rawMessageOf } from "../shapes/raw-message.ts";
import { bodyErrors, problemResponses, topicParams, writeErrors } from "../shapes/schema-parts.ts";
import { timeText } from "../shapes/time-text.ts";

const tags = ["messages"];
const publishErrors = [
  "invalid_name",
  "invalid_tag",
  "too_many_tags",
  "invalid_type",
  "invalid_idempotency_key",
  "topic_not_found",
  "idempotency_conflict",
  "body_too_large",
  ...bodyErrors,
  ...writeErrors,
] as const;
const replayedHeader = {
  "Idempotency-Replayed": { type: "string", enum: ["true"], description: "The key was used before: the first answer." },
};
const messageParams = Type.Object({
  id: Type.String({ description: "The message's id.", examples: ["1099511627777"] }),
});

/** Reading one message. */
export function messageRoutes(app: FastifyInstance, { store }: ApiContext): void {
  const readNoQuery = queryReader(noParameters);

  app.get<{ Params: { id: string } }>(
    "/v1/messages/:id",
    {
      schema: {
        tags,
        operationId: "getMessage",
        summary: "Look at a message, its deliveries and every attempt",
        params: messageParams,
        response: { 200: messageSchema, ...problemResponses("message_not_found") },
      },
    },
    async (request) => {
      readNoQuery(request);
      const { id } = request.params;
      const record =
        parseMessageId(id) && (await store.records.getMessage(store.catalog.defaultAccount().id, id as MessageId));
      if (record === null) throw new RingbackError("message_not_found");
      return messageRecordView(record);
    },
  );
}

/** Publishing: the one hot path of the API, in a scope of its own because its requests may be larger. */
export function publishRoutes(app: FastifyInstance, context: ApiContext): void {
  const { publisher } = context;
  const readNoQuery = queryReader(noParameters);
  const readRawQuery = queryReader(rawParameters);

  app.post<{ Params: TopicPath }>(
    "/v1/topics/:topic/messages",
    {
      schema: {
        tags,
        operationId: "publish",
        summary: "Publish a message",
        description:
          "With application/json the body describes the message. With any other content type the request's bytes are " +
          "the message, kept as sent together with the content type, and the rest is said in the query.",
        params: topicParams,
        querystring: rawParameters,
        headers: idempotencyHeaders,
        body: {
          content: { "application/json": { schema: publishBody }, "*/*": { schema: { contentMediaType: "*/*" } } },
        },
        response: {
          201: { ...receiptSchema, headers: replayedHeader },
          ...problemResponses(...publishErrors),
        },
      },
    },
    async (request, reply) => {
      const topic = await topicAt(context, request.params);
      const message = isJson(request.headers["content-type"])
        ? (readNoQuery(request), messageOf(parseJson(bodyBytes(request))))
        : rawMessageOf(request, readRawQuery(request));
      const receipt = await publisher
        .publish(topic, [message], idempotencyOf(request, "publish", topic))
        .catch(publishErrorsAt("single"));
      created(reply, receipt);
      return receiptView(receipt, topic.name, 0);
    },
  );

  app.post<{ Params: TopicPath }>(
    "/v1/topics/:topic/messages/batch",
    {
      schema: {
        tags,
        operationId: "publishBatch",
        summary: "Publish many messages at once, all or none",
        params: topicParams,
        headers: idempotencyHeaders,
        body: batchBody,
        response: {
          201: { ...batchReceiptSchema, headers: replayedHeader },
          ...problemResponses(...publishErrors, "empty_batch", "batch_too_large"),
        },
      },
    },
    async (request, reply) => {
      const topic = await topicAt(context, request.params);
      readNoQuery(request);
      const messages = messagesOf(jsonBody(request));
      const receipt = await publisher
        .publish(topic, messages, idempotencyOf(request, "batch", topic))
        .catch(publishErrorsAt("batch"));
      created(reply, receipt);
      return { messages: receipt.ids.map((_, i) => receiptView(receipt, topic.name, i)) };
    },
  );
}

function created(reply: FastifyReply, receipt: PublishResult): void {
  reply.code(201);
  if (receipt.replayed) reply.header("idempotency-replayed", "true");
}

function receiptView(receipt: PublishResult, topic: string, i: number) {
  return {
    id: receipt.ids[i],
    topic,
    seq: receipt.firstSeq + i,
    publishedAt: timeText(receipt.publishedAtMs),
  };
}
