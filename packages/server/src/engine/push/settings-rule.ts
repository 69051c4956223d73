import type {
  AccountId,
  PushSettings,
  RetryPolicy,
  Start,
  Subscription,
  SubscriptionSettings,
  Topic,
} from "../../domain/model.ts";
import { type AccessedEndpoints, assertSecretsGiven } from "../../domain/endpoint-access-rules.ts";
import { RingbackError } from "../../domain/errors.ts";
import { assertRetriesWithin, scheduleMs } from "../../domain/retry-rules.ts";
import { lacksKey } from "../../domain/subscription-rules.ts";
import type { WriteCondition } from "../../domain/write-condition.ts";
import type { SubscriptionPut } from "../../store/catalog.ts";
import { everyPage } from "../../store/every-page.ts";
import type { Store } from "../../store/store.ts";
import { parseTarget } from "../../transport/endpoint.ts";
import type { EndpointRule } from "../../transport/endpoint-rule.ts";
import type { Keys } from "../keys/account-keys.ts";
import { type EndpointSecrets, subscriptionOwner } from "../keys/endpoint-secrets.ts";
import { dropMadeKeys, madeKey, type MadeKeySources } from "../keys/made-keys.ts";
import type { ShownKey } from "../keys/new-key.ts";
import type { EndpointVerifier } from "./endpoint-verifier.ts";
import { assertPushKeysFit } from "../keys/push-keys.ts";

export interface SettingsContext extends MadeKeySources {
  readonly store: Pick<Store, "catalog">;
  readonly keys: MadeKeySources["keys"] & Pick<Keys, "find">;
  readonly endpointSecrets: Pick<EndpointSecrets, "seal">;
  readonly endpointRule: EndpointRule;
  readonly verifier: Pick<EndpointVerifier, "prepare" | "request">;
}

export interface SubscriptionWritten extends SubscriptionPut {
  /** The key that was made for the subscription; null: none was. */
  readonly shown: ShownKey | null;
}

/**
 * Creates or replaces a subscription. If its dialect signs and no key is named, a key is made. Throws the errors of
 * `settingsToStore` and of the store, and `entry_limit`.
 */
export async function putSubscription(
  context: SettingsContext,
  topic: Pick<Topic, "id" | "name" | "settings">,
  name: string,
  { settings, start }: { readonly settings: SubscriptionSettings; readonly start: Start },
  condition?: WriteCondition,
): Promise<SubscriptionWritten> {
  const { catalog } = context.store;
  const write = async (): Promise<SubscriptionWritten> => {
    const before = await catalog.getSubscription(topic.id, name);
    const owner = { topic: topic.name, subscription: name };
    const { push } = settings;
    const made = push !== null && lacksKey(push) ? await madeKey(context, owner, before?.settings.push ?? null) : null;
    const kids = new Set(made === null ? push?.keys : [made.kid]);
    try {
      const complete = push === null ? settings : { ...settings, push: { ...push, keys: [...kids] } };
      const stored = await settingsToStore(context, topic, name, complete);
      const put = await catalog.putSubscription(topic.id, name, stored, start, condition);
      context.verifier.request(put.subscription);
      await dropMadeKeys(
        context,
        owner,
        keysOf(before).filter((kid) => !kids.has(kid)),
      );
      return { ...put, shown: made?.shown ?? null };
    } catch (error) {
      if (made !== null && made.shown !== null) await dropMadeKeys(context, owner, [made.kid]);
      throw error;
    }
  };
  const { push } = settings;
  const concernsKeys = push !== null && (lacksKey(push) || push.keys.length > 0);
  if (concernsKeys || keysOf(await catalog.getSubscription(topic.id, name)).length > 0) {
    return context.keys.uses.run(write);
  }
  return write();
}

/** Also deletes the key that was made for the subscription. Returns false if there is no such subscription. */
export async function deleteSubscription(
  context: MadeKeySources,
  topic: Pick<Topic, "id" | "name">,
  name: string,
  condition?: WriteCondition,
): Promise<boolean> {
  const { catalog } = context.store;
  const kids = keysOf(await catalog.getSubscription(topic.id, name));
  const didDelete = await catalog.deleteSubscription(topic.id, name, condition);
  if (didDelete && kids.length > 0) {
    const owner = { topic: topic.name, subscription: name };
    await context.keys.uses.run(() => dropMadeKeys(context, owner, kids));
  }
  return didDelete;
}

function keysOf(subscription: Subscription | null): readonly string[] {
  return subscription?.settings.push?.keys ?? [];
}

/**
 * Checks a subscription's settings against the server's network, the topic and the keys. Returns the settings to store,
 * in which the secrets of the endpoint are sealed. Throws `invalid_url`, `invalid_retry_policy`, `key_not_found`,
 * `invalid_key`, `secrets_needed`, `invalid_request` and `master_key_missing`.
 */
async function settingsToStore(
  { store, keys, endpointSecrets, endpointRule, verifier }: SettingsContext,
  topic: Pick<Topic, "id" | "name" | "settings">,
  name: string,
  settings: SubscriptionSettings,
): Promise<SubscriptionSettings> {
  const { push } = settings;
  if (push !== null) endpointRule("push.url", push.url);
  if (push?.auth?.type === "oauth2") endpointRule("push.auth.tokenUrl", push.auth.tokenUrl);
  const before = await store.catalog.getSubscription(topic.id, name);
  // A policy that stays as it is was checked when it was set. It must not prevent changes of other settings.
  if (!isSamePolicy(before?.settings.retry, settings.retry)) {
    assertRetriesWithin("retry", settings.retry, topic.settings.retentionMs);
  }
  await assertPushKeysFit(keys, settings);
  if (push === null) return settings;
  const stored = before?.settings.push ?? null;
  if (stored !== null) assertSecretsGiven(endpointsOf(stored), endpointsOf(push), (url) => parseTarget(url).origin);
  const prepared = verifier.prepare(settings, before?.settings ?? null);
  const owner = subscriptionOwner({ topic: topic.name, name });
  return { ...prepared, push: await endpointSecrets.seal(owner, prepared.push ?? push, stored) };
}

function endpointsOf(push: PushSettings): AccessedEndpoints {
  return { ...push, prefix: "push.", urls: [push.url] };
}

function isSamePolicy(before: RetryPolicy | undefined, after: RetryPolicy): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}

/** The number of subscriptions that an error names. */
const namedMax = 10;

/**
 * Refuses a retention that is shortened below the retry schedule of a subscription of the topic, because the last
 * retries would never happen. Throws `invalid_request`, with the names of these subscriptions.
 */
export async function assertRetentionFitsRetries(
  { catalog }: Pick<Store, "catalog">,
  account: AccountId,
  name: string,
  retentionMs: number,
): Promise<void> {
  const topic = await catalog.getTopic(account, name);
  if (topic === null || retentionMs >= topic.settings.retentionMs) return;
  const cut: string[] = [];
  for await (const subscriptions of everyPage((page) => catalog.listSubscriptions(topic.id, page))) {
    for (const subscription of subscriptions) {
      const totalMs = scheduleMs(subscription.settings.retry);
      if (totalMs > retentionMs) cut.push(`${subscription.name} (${totalMs} ms)`);
    }
    if (cut.length > namedMax) break;
  }
  if (cut.length === 0) return;
  const named = `${cut.slice(0, namedMax).join(", ")}${cut.length > namedMax ? ", and others" : ""}`;
  const fault = `must be at least as long as the retries (retry) of these subscriptions may take: ${named}`;
  throw RingbackError.at("invalid_request", "retentionMs", fault);
}
