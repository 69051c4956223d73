import type { Start, SubscriptionSettings, Topic } from "../../domain/model.ts";
import { assertRetriesWithin } from "../../domain/retry-rules.ts";
import type { WriteCondition } from "../../domain/write-condition.ts";
import type { SubscriptionPut } from "../../store/catalog.ts";
import type { Store } from "../../store/store.ts";
import type { EndpointRule } from "../../transport/endpoint-rule.ts";
import type { Keys } from "../keys/account-keys.ts";
import type { PushHeaders } from "../keys/push-headers.ts";
import { assertPushKeysFit } from "../keys/push-keys.ts";

export interface SettingsContext {
  readonly store: Pick<Store, "catalog">;
  readonly keys: Pick<Keys, "get" | "find" | "uses">;
  readonly pushHeaders: Pick<PushHeaders, "seal">;
  readonly endpointRule: EndpointRule;
}

/** Creates or replaces a subscription. Throws the errors of `settingsToStore` and of the store. */
export function putSubscription(
  context: SettingsContext,
  topic: Pick<Topic, "id" | "name" | "settings">,
  name: string,
  { settings, start }: { readonly settings: SubscriptionSettings; readonly start: Start },
  condition?: WriteCondition,
): Promise<SubscriptionPut> {
  const write = async () => {
    const stored = await settingsToStore(context, topic, name, settings);
    return context.store.catalog.putSubscription(topic.id, name, stored, start, condition);
  };
  return (settings.push?.keys.length ?? 0) === 0 ? write() : context.keys.uses.run(write);
}

/**
 * Checks a subscription's settings against the server's network, the topic and the keys. Returns the settings to store,
 * in which the values of push headers are sealed. Throws `invalid_url`, `invalid_retry_policy`, `key_not_found`,
 * `invalid_key` and `master_key_missing`.
 */
async function settingsToStore(
  { store, keys, pushHeaders, endpointRule }: SettingsContext,
  topic: Pick<Topic, "id" | "name" | "settings">,
  name: string,
  settings: SubscriptionSettings,
): Promise<SubscriptionSettings> {
  const { push } = settings;
  if (push !== null) endpointRule("push.url", push.url);
  assertRetriesWithin("retry", settings.retry, topic.settings.retentionMs);
  await assertPushKeysFit(keys, settings);
  if (push === null || !Object.values(push.headers).some((value) => typeof value === "string")) return settings;
  const before = await store.catalog.getSubscription(topic.id, name);
  const stored = before?.settings.push ?? null;
  return { ...settings, push: await pushHeaders.seal({ topic: topic.name, name }, push, stored) };
}
