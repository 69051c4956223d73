/**
 * Rules that compare several settings of a subscription with each other. The functions throw `RingbackError` with the
 * field that is wrong.
 */

import { findPushProtocol, pushProtocols } from "@ringback/sdk/protocols";
import type { PushProtocol } from "@ringback/sdk/protocols";

import type { ReportedLimits } from "./account-limits.ts";
import { assertEndpointAccess } from "./endpoint-access-rules.ts";
import { assertEndpointUrl, httpSchemes, isHttpUrl, queueScheme } from "./endpoint-url-rule.ts";
import { assertVerify } from "./endpoint-verification.ts";
import { RingbackError } from "./errors.ts";
import { isInternalName } from "./internal-names.ts";
import { assertKid } from "./kid-rule.ts";
import { limits } from "./limits.ts";
import type { Filter, PushSettings, SubscriptionSettings } from "./model.ts";
import { assertPushHeaders } from "./push-header-rules.ts";
import { assertRetryPolicy } from "./retry-rules.ts";
import { assertTypePatterns } from "./type-rules.ts";
import { assertTags } from "./tag-rules.ts";
import { unknownProtocol } from "./unknown-protocol.ts";

/**
 * Fixed settings of a subscription that is not pushed. Retries are not needed, because a pulled message is available
 * again when its visibility timeout has ended. `maxInFlight` limits POSTs, so it must not limit the claim that serves
 * all waiting pulls.
 */
export const unpushed = {
  push: null,
  retry: "none",
  maxInFlight: limits.maxInFlightMax,
  breaker: null,
  disableAfterMs: null,
  rate: null,
} as const;

/** Defaults of the settings that say what happens while an endpoint fails. */
export const whileFailing = {
  breaker: { failures: limits.breakerFailuresDefault, probeMs: limits.breakerProbeMsDefault },
  disableAfterMs: limits.disableAfterMsDefault,
} as const;

const pushedOnly = ["retry", "maxInFlight", "breaker", "disableAfterMs", "rate"] as const;

/** `given` contains only the settings that the caller has written, without defaults. */
export function assertPushedOrPulled(given: {
  readonly [K in "push" | "pull" | (typeof pushedOnly)[number]]?: unknown;
}): void {
  if (given.pull === undefined) {
    if (given.push === undefined) throw RingbackError.at("invalid_request", "push", "is missing; give push or pull");
    return;
  }
  if (given.push !== undefined) {
    throw RingbackError.at("invalid_request", "pull", "cannot be given together with push; give one of the two");
  }
  for (const field of pushedOnly) {
    // The view of a subscription with pull has null for these settings.
    if ((given[field] ?? null) === null) continue;
    throw RingbackError.at("invalid_request", field, "has no meaning for a subscription with pull; leave it out");
  }
}

/**
 * Throws `immutable_field` if a pushed subscription would become pulled, or a pulled one pushed. Two reasons: the one
 * stored number of a waiting delivery counts retries when pushed and receives when pulled, and a POST in flight has no
 * receipt handle.
 */
export function assertStaysPushedOrPulled(before: { readonly push: unknown }, after: { readonly push: unknown }): void {
  if ((before.push === null) === (after.push === null)) return;
  const [field, sentence] =
    before.push === null
      ? ["push", "a pulled subscription cannot become a pushed one; delete it and create it again"]
      : ["pull", "a pushed subscription cannot become a pulled one; delete it and create it again"];
  throw RingbackError.at("immutable_field", field, sentence);
}

/**
 * `ofTopic` and `ofAccount`: number of the topic's and of the account's subscriptions, without internal ones.
 * `ofStore`: number of all subscriptions. Throws `subscription_limit`.
 */
export function assertRoomForSubscription(
  name: string,
  counts: { readonly ofTopic: number; readonly ofAccount: number; readonly ofStore: number },
  { subscriptionsMax, refused }: ReportedLimits,
): void {
  if (!isInternalName(name)) {
    if (subscriptionsMax !== null && counts.ofAccount >= subscriptionsMax) {
      refused?.("subscriptionsMax");
      const fault = `the account may have at most ${subscriptionsMax} subscriptions`;
      throw RingbackError.at("subscription_limit", "limits.subscriptionsMax", fault);
    }
    if (counts.ofTopic >= limits.subscriptionsPerTopicMax) throw new RingbackError("subscription_limit");
  }
  if (counts.ofStore >= limits.subscriptionsMax) throw new RingbackError("subscription_limit");
}

export function assertSubscription({ push, filter, retry }: SubscriptionSettings): void {
  if (push !== null) assertPush(push);
  assertFilter(filter);
  assertRetryPolicy("retry", retry);
}

export function assertPush(push: PushSettings): void {
  const { url, protocol, headers, keys } = push;
  const found = findPushProtocol(protocol) ?? unknownProtocol("push.protocol", "protocol", protocol, pushProtocols);
  // A queue stores the body as it was published. Only the protocol `raw` sends the body unchanged.
  const schemes = protocol === "raw" ? [...httpSchemes, queueScheme] : (found.schemes ?? httpSchemes);
  assertEndpointUrl("push.url", url, schemes);
  assertPushHeaders("push.headers", headers, found);
  if (Object.keys(headers).length > 0 && !isHttpUrl(url)) {
    throw RingbackError.at("invalid_request", "push.headers", "can be sent over http and https only");
  }
  assertEndpointAccess({ ...push, prefix: "push.", urls: [url] });
  assertVerify(push);
  assertKeys(found, keys);
}

function assertKeys(protocol: PushProtocol, keys: readonly string[]): void {
  if (protocol.keys === "none" && keys.length > 0) {
    throw RingbackError.at("invalid_request", "push.keys", `protocol "${protocol.name}" signs nothing`);
  }
  if (new Set(keys).size < keys.length) throw RingbackError.at("invalid_request", "push.keys", "names a key twice");
  for (const [index, kid] of keys.entries()) assertKid(`push.keys[${index}]`, kid);
}

/** True if the dialect signs and no key is named. */
export function lacksKey({ protocol, keys }: Pick<PushSettings, "protocol" | "keys">): boolean {
  return keys.length === 0 && findPushProtocol(protocol)?.keys === "required";
}

export function assertFilter({ tags, types }: Filter): void {
  assertTags("filter.tags", tags);
  assertTypePatterns("filter.types", types);
}
