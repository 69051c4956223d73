import type { FastifyInstance, FastifyRequest } from "fastify";
import { isTopicGranted } from "../domain/access-rules.ts";
import { assertEndpointUrl } from "../domain/endpoint-url-rule.ts";
import { RingbackError } from "../domain/errors.ts";
import { parseMessageId } from "../domain/message-id.ts";
import type { TopicId } from "../domain/model.ts";
import type { ExpressionMessage } from "../expressions/message-variables.ts";
import { tryExpression, tryTransform } from "../expressions/try-expression.ts";
import { assertJsonType, bodyBytes, parseJson, readJsonAround } from "../http/json-body.ts";
import {
  bodyOfExpressionTest,
  type ExpressionTest,
  expressionTestBody,
  expressionTestOf,
  expressionTestSchema,
  expressionTestText,
} from "../shapes/expression-test.ts";
import { bodyErrors, operation, problemResponses } from "../shapes/schema-parts.ts";
import { callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";

const schema = {
  ...operation("subscriptions", "testExpression", "Try an expression or a transformation on a message"),
  description:
    "Evaluates a CEL expression, or a whole `push.transform`, for a sample or for a stored message. Nothing is published " +
    "or sent. A fault of the expression is part of the response, with its line and column.",
  body: expressionTestBody,
  response: {
    200: expressionTestSchema,
    ...problemResponses(
      "invalid_request",
      "invalid_url",
      "message_not_found",
      "invalid_tag",
      "too_many_tags",
      "invalid_type",
      "too_many_tests",
      ...bodyErrors,
    ),
  },
};

/** The request may be as large as a publish, so the route must be in the scope of the publishing routes. */
export function expressionRoutes(app: FastifyInstance, parts: ApiParts): void {
  const options = { schema, config: { access: "read", omitsOtherTopics: true } } as const;
  app.post("/v1/expressions/test", options, async (request, reply) => {
    assertJsonType(request);
    const bytes = bodyBytes(request);
    const test = expressionTestOf(await readJsonAround(bytes, bodyOfExpressionTest), () => parseJson(bytes));
    const { what } = test;
    if ("url" in what) assertEndpointUrl("url", what.url);
    const text = await parts.onDemand.run(callerOf(request).account.id, async () => {
      const message = await messageOf(parts, request, test);
      return expressionTestText(
        "expression" in what
          ? tryExpression(what.expression, message)
          : tryTransform(what.transform, what.url, message),
      );
    });
    return reply.header("content-type", "application/json; charset=utf-8").send(text);
  });
}

async function messageOf(
  { store, clock }: ApiParts,
  request: FastifyRequest,
  { message }: ExpressionTest,
): Promise<ExpressionMessage> {
  if (!("messageId" in message)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no stored message has this number
    return { ...message, topicId: 0 as TopicId, seq: 0, publishedAtMs: clock.wall() };
  }
  const { account, topics } = callerOf(request);
  const record = parseMessageId(message.messageId) && (await store.records.getMessage(account.id, message.messageId));
  if (record === null || !isTopicGranted(topics, record.topic)) throw new RingbackError("message_not_found");
  return record.message;
}
