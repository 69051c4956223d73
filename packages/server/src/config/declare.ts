import { RingbackError } from "../domain/errors.ts";
import { assertRetriesWithin } from "../domain/retry-rules.ts";
import type { Hooks } from "../engine/hooks/account-hooks.ts";
import type { Inboxes } from "../engine/inboxes/account-inboxes.ts";
import type { ApiKeys } from "../engine/keys/account-api-keys.ts";
import type { Keys } from "../engine/keys/account-keys.ts";
import type { EndpointSecrets } from "../engine/keys/endpoint-secrets.ts";
import { putSubscription } from "../engine/push/settings-rule.ts";
import type { Store } from "../store/store.ts";
import type { EndpointRule } from "../transport/endpoint-rule.ts";
import type { Config } from "./config.ts";

interface DeclareServices {
  readonly store: Store;
  readonly keys: Keys;
  readonly apiKeys: ApiKeys;
  readonly endpointSecrets: Pick<EndpointSecrets, "seal">;
  readonly hooks: Hooks;
  readonly inboxes: Inboxes;
  readonly endpointRule: EndpointRule;
}

/**
 * Creates or replaces the resources that the configuration file declares, like a PUT of the API. The message of an
 * error begins with the resource's line in the file.
 */
export async function declareResources(services: DeclareServices, config: Config): Promise<void> {
  const { store, keys, apiKeys, hooks, inboxes } = services;
  const { declared } = config;
  for (const { name, value, origin } of declared.keys) await at(origin, () => keys.put(name, value));
  for (const { name, value, origin } of declared.apiKeys) await at(origin, () => apiKeys.put(name, value));
  for (const { name, value, origin } of declared.hooks) await at(origin, () => hooks.put(name, value));
  for (const { name, value, origin } of declared.topics) {
    const account = store.catalog.defaultAccount().id;
    const { topic } = await at(origin, () => store.catalog.putTopic(account, name, value.settings));
    for (const { name, value: subscription, origin } of value.subscriptions) {
      await at(origin, async () => {
        // The file may have shortened the retention of the topic above without a change of the policy.
        assertRetriesWithin("retry", subscription.settings.retry, topic.settings.retentionMs);
        return putSubscription(services, topic, name, subscription);
      });
    }
  }
  // Inboxes may read topics, so they come last.
  for (const { name, value, origin } of declared.inboxes) await at(origin, () => inboxes.put(name, value));
}

async function at<T>(origin: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    throw new RingbackError(error.code, `${origin}: ${error.message}`, { details: error.details, cause: error });
  }
}
