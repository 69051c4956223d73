import type { SubscriptionSettings, Topic } from "../../domain/model.ts";
import { assertRetriesWithin } from "../../domain/retry-rules.ts";
import type { Store } from "../../store/store.ts";
import type { EndpointRule } from "../../transport/endpoint-rule.ts";
import type { Keys } from "../keys/account-keys.ts";
import type { PushHeaders } from "../keys/push-headers.ts";
import { assertPushKeysFit } from "../keys/push-keys.ts";

export interface SettingsContext {
  readonly store: Pick<Store, "catalog">;
  readonly keys: Pick<Keys, "get" | "find">;
  readonly pushHeaders: Pick<PushHeaders, "seal">;
  readonly endpointRule: EndpointRule;
}

/**
 * Checks a subscription's settings against the server's network, the topic and the keys. Returns the settings to store,
 * in which the values of push headers are sealed. Throws `invalid_url`, `invalid_retry_policy`, `key_not_found`,
 * `invalid_key` and `master_key_missing`.
 */
export async function settingsToStore(
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
