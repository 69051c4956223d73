import type { FastifyInstance, FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { assertMessage } from "../domain/message-rules.ts";
import { parseMessageId } from "../domain/message-id.ts";
import type { Message, MessageId, Subscription } from "../domain/model.ts";
import { assertNoLoop, hopsOf } from "../engine/loops.ts";
import { assertTestable, sampleMessage } from "../engine/push/test-delivery.ts";
import { assertJsonType, bodyBytes, readJsonAround } from "../http/json-body.ts";
import { bodyErrors, operation, problemResponses, subscriptionParams } from "../shapes/schema-parts.ts";
import {
  bodyOfTestMessage,
  givenForTest,
  testBody,
  testDeliverySchema,
  testDeliveryView,
} from "../shapes/test-delivery.ts";
import { timeText } from "../shapes/time-text.ts";
import type { ApiParts } from "./api-parts.ts";
import { noteChange } from "./audit-gate.ts";
import { subscriptionAt, type SubscriptionPath } from "./subscriptions.ts";
import { topicAt } from "./topics.ts";

const schema = {
  ...operation("subscriptions", "testSubscription", "Send a message to the endpoint now, and see the reply"),
  description:
    "Sends one message as a delivery would be sent, also while the subscription is paused or disabled. Returns the exact " +
    "request and the reply. Nothing is published or recorded as an attempt, nothing is retried, and the reply changes " +
    "nothing. Without a body, a sample of the type `ringback.test` is sent.",
  params: subscriptionParams,
  body: testBody,
  response: {
    200: testDeliverySchema,
    ...problemResponses(
      "invalid_name",
      "topic_not_found",
      "subscription_not_found",
      "message_not_found",
      "invalid_tag",
      "too_many_tags",
      "invalid_type",
      "body_too_large",
      "loop_detected",
      "too_many_tests",
      ...bodyErrors,
    ),
  },
};

/** The request may be as large as a publish, so the route must be in the scope of the publishing routes. */
export function testDeliveryRoute(app: FastifyInstance, parts: ApiParts): void {
  app.post<{ Params: SubscriptionPath }>(
    "/v1/topics/:topic/subscriptions/:subscription/test",
    { schema, config: { access: "admin", isBodyOptional: true } },
    async (request) => {
      const subscription = await subscriptionAt(parts.store, request);
      assertTestable(subscription);
      const message = await messageFor(parts, request, subscription);
      const test = await parts.onDemand.run(subscription.accountId, () => parts.tests.send(subscription, message));
      const { verdict, errorCode: error } = test.judgement;
      noteChange(request, { after: { status: test.reply?.status ?? null, verdict, error } });
      return testDeliveryView(test);
    },
  );
}

async function messageFor(
  parts: ApiParts,
  request: FastifyRequest<{ Params: SubscriptionPath }>,
  subscription: Subscription,
): Promise<Message> {
  const { store, tests, clock } = parts;
  const { accountId, topic } = subscription;
  const hops = await hopsOf(store, request.headers);
  assertNoLoop(parts, hops, { accountId, topic });
  const bytes = bodyBytes(request);
  if (bytes.length > 0) assertJsonType(request);
  const given = bytes.length === 0 ? null : givenForTest(await readJsonAround(bytes, bodyOfTestMessage));
  if (given === null) return tests.messageFor(subscription, sampleMessage(subscription, timeText(clock.wall())), hops);
  if ("messageId" in given) {
    const message = await storedMessage(parts, subscription, given.messageId);
    return { ...message, hops: Math.max(message.hops, hops) };
  }
  assertMessage(given, await topicAt(store, request), "message");
  return tests.messageFor(subscription, given, hops);
}

/** Another topic's message is not found, because the API key may be limited to this topic. */
async function storedMessage({ store }: ApiParts, { accountId, topicId }: Subscription, id: MessageId) {
  const record = parseMessageId(id) && (await store.records.getMessage(accountId, id));
  if (record === null || record.message.topicId !== topicId) throw new RingbackError("message_not_found");
  return record.message;
}
