/** From a subscription as somebody writes it to the settings that the engine works with. */

import { findPushProtocol, pushProtocols } from "@ringback/sdk/protocols";
import type { PushProtocol, PushProtocolName } from "@ringback/sdk/protocols";

import { assertEndpointUrl, httpSchemes, isHttpUrl } from "./endpoint-url-rule.ts";
import { RingbackError } from "./errors.ts";
import { assertInteger } from "./integer-rule.ts";
import { isInternalName } from "./internal-names.ts";
import { assertKid } from "./kid-rule.ts";
import { limits } from "./limits.ts";
import type { Filter, Order, PullSettings, PushedSettings, PushSettings, SubscriptionSettings } from "./model.ts";
import { assertPushHeaders } from "./push-header-rules.ts";
import type { RetryInput } from "./retry-rules.ts";
import { normaliseRetry } from "./retry-rules.ts";
import { assertTypePatterns } from "./type-rules.ts";
import { assertTags } from "./tag-rules.ts";

/** Its types have been checked already; its values have not. */
export interface SubscriptionInput {
  /** Either this or `pull`. */
  readonly push?: Pick<PushSettings, "url"> & Partial<Omit<PushSettings, "url">>;
  readonly pull?: Partial<PullSettings>;
  readonly filter?: Partial<Filter>;
  readonly retry?: RetryInput;
  readonly order?: Order;
  readonly maxInFlight?: number;
}

export type PushedInput = SubscriptionInput & { readonly push: NonNullable<SubscriptionInput["push"]> };

const protocolDefault: PushProtocolName = "raw";

/**
 * Fills in defaults. `schemes`: the schemes that the endpoint may have, in place of the protocol's own. Throws `RingbackError` with
 * the field that is wrong.
 */
export function normaliseSubscription(input: PushedInput, schemes?: readonly string[]): PushedSettings;
export function normaliseSubscription(input: SubscriptionInput): SubscriptionSettings;
export function normaliseSubscription(input: SubscriptionInput, schemes?: readonly string[]): SubscriptionSettings {
  const { push, pull } = input;
  if (pull === undefined) {
    if (push === undefined) throw RingbackError.at("invalid_request", "push", "is missing; give push or pull");
    return normalisePushed({ ...input, push }, schemes);
  }
  if (push !== undefined) {
    throw RingbackError.at("invalid_request", "pull", "cannot stand beside push: a subscription is pushed or pulled");
  }
  return normalisePulled({ ...input, pull });
}

/**
 * What a parked delivery has been through are retries for the one and receives for the other, and neither means anything to the other;
 * nor is a POST that is under way anybody's receipt. So a subscription stays what it was made as. Throws `immutable_field`.
 */
export function assertStaysPushedOrPulled(before: SubscriptionSettings, after: SubscriptionSettings): void {
  if ((before.push === null) === (after.push === null)) return;
  const [field, sentence] =
    before.push === null
      ? ["push", "the subscription is pulled from, and cannot become one that is pushed; remove it and make it again"]
      : ["pull", "the subscription is pushed, and cannot become one that is pulled from; remove it and make it again"];
  throw RingbackError.at("immutable_field", field, sentence);
}

/** `ofTopic`: the topic's subscriptions, without internal ones. `ofStore`: all of them. Throws `subscription_limit`. */
export function assertRoomForSubscription(
  name: string,
  counts: { readonly ofTopic: number; readonly ofStore: number },
): void {
  const isTopicFull = !isInternalName(name) && counts.ofTopic >= limits.subscriptionsPerTopicMax;
  if (isTopicFull || counts.ofStore >= limits.subscriptionsMax) throw new RingbackError("subscription_limit");
}

function normalisePulled(input: SubscriptionInput & { readonly pull: Partial<PullSettings> }): SubscriptionSettings {
  for (const field of ["retry", "maxInFlight"] as const) {
    if (input[field] === undefined) continue;
    throw RingbackError.at(
      "invalid_request",
      field,
      "means nothing for a subscription that is pulled from; leave it out",
    );
  }
  return {
    push: null,
    pull: normalisePull(input.pull),
    filter: normaliseFilter(input.filter ?? {}),
    // Nobody asks for these two: a message that is pulled is there again when its time is up, and receivers take what they want.
    // A claim is for all who wait at that moment, so what bounds POSTs must not bound it.
    retry: "none",
    order: input.order ?? "none",
    maxInFlight: limits.maxInFlightMax,
  };
}

function normalisePull({
  visibilityMs = limits.visibilityMsDefault,
  receivesMax = null,
}: Partial<PullSettings>): PullSettings {
  const { visibilityMsMin, visibilityMsMax } = limits;
  assertInteger("invalid_request", "pull.visibilityMs", visibilityMs, visibilityMsMin, visibilityMsMax);
  if (receivesMax !== null) {
    assertInteger("invalid_request", "pull.receivesMax", receivesMax, 1, limits.receivesMax);
  }
  return { visibilityMs, receivesMax };
}

function normalisePushed(input: PushedInput, schemes?: readonly string[]): PushedSettings {
  const maxInFlight = input.maxInFlight ?? limits.maxInFlightDefault;
  assertInteger("invalid_request", "maxInFlight", maxInFlight, 1, limits.maxInFlightMax);
  return {
    push: normalisePush(input.push, schemes),
    filter: normaliseFilter(input.filter ?? {}),
    retry: normaliseRetry("retry", input.retry ?? "EXPONENTIAL_DECAY_RETRY"),
    order: input.order ?? "none",
    maxInFlight,
  };
}

function normalisePush(push: PushedInput["push"], schemes?: readonly string[]): PushSettings {
  const { url, protocol = protocolDefault, headers = {}, connection = "keep-alive", keys = [] } = push;
  const timeoutMs = push.timeoutMs ?? limits.attemptTimeoutMsDefault;
  const found = knownProtocol("push.protocol", protocol);
  assertEndpointUrl("push.url", url, schemes ?? found.schemes ?? httpSchemes);
  assertPushHeaders("push.headers", headers);
  if (Object.keys(headers).length > 0 && !isHttpUrl(url)) {
    throw RingbackError.at("invalid_request", "push.headers", "can be sent over http and https only");
  }
  assertInteger("invalid_request", "push.timeoutMs", timeoutMs, limits.attemptTimeoutMsMin, limits.attemptTimeoutMsMax);
  return { url, protocol, headers: { ...headers }, connection, timeoutMs, keys: normaliseKeys(found, keys) };
}

function normaliseKeys(protocol: PushProtocol, keys: readonly string[]): readonly string[] {
  if (protocol.keys === "none" && keys.length > 0) {
    throw RingbackError.at("invalid_request", "push.keys", `protocol "${protocol.name}" signs nothing`);
  }
  if (protocol.keys === "required" && keys.length === 0) {
    throw RingbackError.at(
      "invalid_request",
      "push.keys",
      `protocol "${protocol.name}" needs at least one key to sign with`,
    );
  }
  if (keys.length > limits.pushKeysMax) {
    throw RingbackError.at("invalid_request", "push.keys", `must name at most ${limits.pushKeysMax} keys`);
  }
  if (new Set(keys).size < keys.length) throw RingbackError.at("invalid_request", "push.keys", "names a key twice");
  for (const [index, kid] of keys.entries()) assertKid(`push.keys[${index}]`, kid);
  return [...keys];
}

function knownProtocol(field: string, name: string): PushProtocol {
  const protocol = findPushProtocol(name);
  if (protocol !== null) return protocol;
  const known = pushProtocols.map((protocol) => protocol.name).join(", ");
  const shown = JSON.stringify(name.slice(0, 64));
  throw RingbackError.at("unknown_protocol", field, `there is no protocol ${shown}; it must be one of ${known}`);
}

function normaliseFilter(filter: Partial<Filter>): Filter {
  const { tags = [], types = [] } = filter;
  assertTags("filter.tags", tags);
  assertTypePatterns("filter.types", types);
  return { tags: [...tags], types: [...types] };
}
