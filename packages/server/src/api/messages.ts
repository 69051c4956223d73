import type { FastifyInstance, FastifyReply } from "fastify";
import { Type } from "typebox";
import { isTopicGranted } from "../domain/access-rules.ts";
import { RingbackError } from "../domain/errors.ts";
import { parseMessageId } from "../domain/message-id.ts";
import type { MessageId } from "../domain/model.ts";
import { traceOfHeaders, withTrace } from "../domain/trace-context.ts";
import type { PublishResult } from "../engine/publisher.ts";
import { hopsOf, withHops } from "../engine/loops.ts";
import { idempotencyOf } from "../http/idempotency.ts";
import { assertJsonType, bodyBytes, isJson, readJsonAround } from "../http/json-body.ts";
import {
  batchBody,
  publishedBatchSchema,
  idempotencyHeaders,
  messageRecordView,
  messageSchema,
  publishBody,
  rawParameters,
  publishedSchema,
} from "../shapes/message.ts";
import { bodiesOfBatch, bodyOfMessage, messageOf, messagesOf } from "../shapes/publish-body.ts";
import { publishErrorsAt } from "../shapes/publish-errors.ts";
import { noParameters, queryReader } from "../shapes/query.ts";
import { rawMessageOf } from "../shapes/raw-message.ts";
import { about, bodyErrors, operation, problemResponses, topicParams, writeErrors } from "../shapes/schema-parts.ts";
import { timeText } from "../shapes/time-text.ts";
import { callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { topicAt, type TopicPath } from "./topics.ts";

const publishErrors = [
  "invalid_name",
  "invalid_tag",
  "too_many_tags",
  "invalid_type",
  "unlisted_type",
  "invalid_body",
  "invalid_idempotency_key",
  "topic_not_found",
  "built_in_topic",
  "idempotency_conflict",
  "topic_used_up",
  "body_too_large",
  "loop_detected",
  "account_rate_limit",
  "account_storage_limit",
  ...bodyErrors,
  ...writeErrors,
] as const;
const replayedHeader = {
  "Idempotency-Replayed": {
    type: "string",
    enum: ["true"],
    description: "The key was used before; this is the first answer again.",
  },
};
const messageParams = Type.Object({
  id: about("The message's id.", Type.String({ examples: ["1099511627777"] })),
});

const getSchema = {
  ...operation("messages", "getMessage", "Get a message, with its deliveries and every attempt"),
  params: messageParams,
  response: { 200: messageSchema, ...problemResponses("message_not_found") },
};
const publishSchema = {
  ...operation("messages", "publish", "Publish a message"),
  description:
    "A body of type application/json describes the message. A body of any other type is the message: its bytes are kept " +
    "as sent, with their content type, and the parameters of the query give the other fields. JSON that was sent as a " +
    "form, and a JSON description of a message that was sent as text, as bytes or without a type, are refused with 415: " +
    "most likely their content type was forgotten.",
  params: topicParams,
  querystring: rawParameters,
  headers: idempotencyHeaders,
  body: { content: { "application/json": { schema: publishBody }, "*/*": { schema: { contentMediaType: "*/*" } } } },
  response: { 201: { ...publishedSchema, headers: replayedHeader }, ...problemResponses(...publishErrors) },
};
const batchSchema = {
  ...operation("messages", "publishBatch", "Publish several messages at once, all or none"),
  params: topicParams,
  headers: idempotencyHeaders,
  body: batchBody,
  response: {
    201: { ...publishedBatchSchema, headers: replayedHeader },
    ...problemResponses(...publishErrors, "empty_batch", "batch_too_large"),
  },
};

export function messageRoutes(app: FastifyInstance, { store }: ApiParts): void {
  const options = { schema: getSchema, config: { access: "read", omitsOtherTopics: true } } as const;
  app.get<{ Params: { id: string } }>("/v1/messages/:id", options, async (request) => {
    const { id } = request.params;
    const { account, topics } = callerOf(request);
    const record = parseMessageId(id) && (await store.records.getMessage(account.id, id as MessageId));
    if (record === null || !isTopicGranted(topics, record.topic)) throw new RingbackError("message_not_found");
    return messageRecordView(record);
  });
}

/**
 * The routes for publishing, which are the hot path of the API. Publish requests may be larger than other requests, so
 * these routes have a Fastify scope of their own.
 */
export function publishRoutes(app: FastifyInstance, { store, publisher }: ApiParts): void {
  const readNoQuery = queryReader(noParameters);
  const readRawQuery = queryReader(rawParameters);
  const path = "/v1/topics/:topic/messages";

  app.post<{ Params: TopicPath }>(
    path,
    { schema: publishSchema, config: { access: "publish" } },
    async (request, reply) => {
      const topic = await topicAt(store, request);
      const message = isJson(request.headers["content-type"])
        ? (readNoQuery(request), messageOf(await readJsonAround(bodyBytes(request), bodyOfMessage)))
        : rawMessageOf(request, readRawQuery(request));
      const result = await publisher
        .publish(
          topic,
          withTrace(withHops([message], await hopsOf(store, request.headers)), traceOfHeaders(request.headers)),
          idempotencyOf(request, ["publish", topic.id]),
        )
        .catch(publishErrorsAt("single"));
      created(reply, result);
      return publishedView(result, topic.name, 0, message.type);
    },
  );

  app.post<{ Params: TopicPath }>(
    `${path}/batch`,
    { schema: batchSchema, config: { access: "publish" } },
    async (request, reply) => {
      const topic = await topicAt(store, request);
      assertJsonType(request);
      const hops = await hopsOf(store, request.headers);
      const given = await messagesOf(await readJsonAround(bodyBytes(request), bodiesOfBatch));
      const messages = withTrace(withHops(given, hops), traceOfHeaders(request.headers));
      const result = await publisher
        .publish(topic, messages, idempotencyOf(request, ["batch", topic.id]))
        .catch(publishErrorsAt("batch"));
      created(reply, result);
      return { messages: messages.map(({ type }, i) => publishedView(result, topic.name, i, type)) };
    },
  );
}

function created(reply: FastifyReply, result: PublishResult): void {
  reply.code(201);
  if (result.replayed) reply.header("idempotency-replayed", "true");
}

function publishedView(
  { ids, firstSeq, publishedAtMs, deprecatedTypes }: PublishResult,
  topic: string,
  i: number,
  type: string | null,
) {
  const deprecated = type !== null && deprecatedTypes.has(type) ? { deprecated: true } : null;
  return { id: ids[i], topic, seq: firstSeq + i, publishedAt: timeText(publishedAtMs), ...deprecated };
}
