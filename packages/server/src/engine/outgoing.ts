import { findPushProtocol, UnencodableError, type EncodedRequest, type PushProtocol } from "@ringback/sdk/protocols";
import { messageId } from "../domain/message-id.ts";
import type { Subscription } from "../domain/model.ts";
import type { ClaimedDelivery } from "../store/port.ts";
import { parseEndpoint } from "../transport/endpoint.ts";
import type { Endpoint, PostResult } from "../transport/port.ts";

/** What is the same for every delivery of a subscription, worked out once. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly protocol: PushProtocol;
  readonly topicOwner: number;
  readonly topic: string;
  readonly subscription: string;
  /** The subscription's own headers: name, value, name, value … None of them is one of the dialect's. */
  readonly headers: readonly string[];
}

export function routeOf(subscription: Subscription, topicOwner: number): Route {
  const { push } = subscription.settings;
  const protocol = findPushProtocol(push.protocol);
  if (protocol === null) throw new Error(`subscription ${subscription.id} has no protocol "${push.protocol}"`);
  return {
    endpoint: parseEndpoint(push),
    protocol,
    topicOwner,
    topic: subscription.topic,
    subscription: subscription.name,
    headers: Object.entries(push.headers).flat(),
  };
}

/** null: the dialect cannot carry this message. */
export function encode(route: Route, delivery: ClaimedDelivery, requestId: string): EncodedRequest | null {
  const { message } = delivery;
  try {
    const encoded = route.protocol.encode({
      topicOwner: route.topicOwner,
      topic: route.topic,
      subscription: route.subscription,
      messageId: messageId(message.topicId, message.seq),
      requestId,
      attempt: delivery.attemptsMade + 1,
      publishedAtMs: message.publishedAtMs,
      body: message.body,
      contentType: message.contentType,
      tags: message.tags,
      routingKey: message.routingKey,
      orderingKey: message.orderingKey,
      attributes: message.attributes,
    });
    return route.headers.length === 0
      ? encoded
      : { headers: [...encoded.headers, ...route.headers], body: encoded.body };
  } catch (error) {
    if (error instanceof UnencodableError) return null;
    throw error;
  }
}

/** How the attempt ended, in the words of the record. */
export function judge(
  route: Route,
  result: PostResult,
): { readonly verdict: "accepted" | "failed" | "error"; readonly errorCode: string | null } {
  if (result.error !== null) return { verdict: "error", errorCode: result.error };
  const verdict = route.protocol.interpret({ status: result.status, headers: result.headers, body: result.body });
  return verdict.kind === "accepted"
    ? { verdict: "accepted", errorCode: null }
    : { verdict: "failed", errorCode: verdict.code };
}
