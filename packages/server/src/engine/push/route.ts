import { findPushProtocol, type PushProtocol } from "@ringback/sdk/protocols";
import { secretsOf } from "../../domain/endpoint-secrets.ts";
import type { AccountId, PushSettings, Subscription } from "../../domain/model.ts";
import { compileTransform, type Transformation } from "../../expressions/transform.ts";
import { connectionsKeyOf, parseEndpoint } from "../../transport/endpoint.ts";
import type { Endpoint } from "../../transport/port.ts";
import { type SecretOwner, subscriptionOwner } from "../keys/endpoint-secrets.ts";

/** Everything that all deliveries of a subscription share, computed once. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly protocol: PushProtocol;
  readonly accountId: AccountId;
  readonly topicOwner: number;
  readonly topic: string;
  readonly subscription: string;
  readonly push: PushSettings;
  /** null: messages are sent as they were published. */
  readonly transform: Transformation | null;
  /** Set if requests need secrets or TLS settings of the subscription. */
  readonly secretOwner: SecretOwner | null;
}

export function routeOf(subscription: Subscription, topicOwner: number, maySend?: () => boolean): Route {
  const { push } = subscription.settings;
  if (push === null) throw new Error(`subscription ${subscription.id} is not pushed`);
  const protocol = findPushProtocol(push.protocol);
  if (protocol === null) throw new Error(`subscription ${subscription.id} has no protocol "${push.protocol}"`);
  const { accountId } = subscription;
  const parsed = parseEndpoint(push);
  const connectionsKey = connectionsKeyOf(parsed, accountId);
  const endpoint = { ...parsed, accountId, isHeadFixed: protocol.fixedHead !== undefined, connectionsKey };
  const hasAccess = push.tls || !secretsOf(push).next().done;
  return {
    endpoint: maySend === undefined ? endpoint : { ...endpoint, maySend },
    protocol,
    accountId,
    topicOwner,
    topic: subscription.topic,
    subscription: subscription.name,
    push,
    transform: transformationOf(push),
    secretOwner: hasAccess ? subscriptionOwner(subscription) : null,
  };
}

/**
 * The cache of expressions keeps what is in use, so that idle subscriptions take no memory. An expression that cannot
 * be compiled, for example after an upgrade, fails for each message.
 */
function transformationOf(push: PushSettings): Transformation | null {
  const transform = push.transform ?? null;
  return transform === null ? null : (message) => compileTransform(transform, push)(message);
}

/** The same route if the endpoint is the same, so that the outcomes of POSTs in flight still count for its health. */
export function changedRoute(route: Route, subscription: Subscription, maySend?: () => boolean): Route {
  if (JSON.stringify(route.push) === JSON.stringify(subscription.settings.push)) return route;
  return routeOf(subscription, route.topicOwner, maySend);
}
