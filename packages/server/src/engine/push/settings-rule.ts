import type { SubscriptionSettings, Topic } from "../../domain/model.ts";
import { assertRetriesWithin } from "../../domain/retry-rules.ts";
import type { EndpointRule } from "../../transport/endpoint-rule.ts";
import type { Keys } from "../keys/account-keys.ts";
import { assertPushKeysFit } from "../keys/push-keys.ts";

export interface SettingsContext {
  readonly keys: Pick<Keys, "get" | "find">;
  readonly endpointRule: EndpointRule;
}

/**
 * Checks a subscription's settings against the server's network, the topic and the keys. Throws `invalid_url`,
 * `invalid_retry_policy`, `key_not_found` and `invalid_key`.
 */
export async function assertSettingsFit(
  { keys, endpointRule }: SettingsContext,
  topic: Pick<Topic, "settings">,
  settings: SubscriptionSettings,
): Promise<void> {
  if (settings.push !== null) endpointRule("push.url", settings.push.url);
  assertRetriesWithin("retry", settings.retry, topic.settings.retentionMs);
  await assertPushKeysFit(keys, settings);
}
