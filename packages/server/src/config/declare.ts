import { RingbackError } from "../domain/errors.ts";
import type { Hooks } from "../engine/hooks/hooks.ts";
import type { Inboxes } from "../engine/inboxes/inboxes.ts";
import type { ApiKeys } from "../engine/keys/api-keys.ts";
import type { Keys } from "../engine/keys/keys.ts";
import { assertPushKeysFit } from "../engine/keys/push-keys.ts";
import type { Store } from "../store/store.ts";
import type { Config } from "./config.ts";

export interface DeclareServices {
  readonly store: Store;
  readonly keys: Keys;
  readonly apiKeys: ApiKeys;
  readonly hooks: Hooks;
  readonly inboxes: Inboxes;
}

/**
 * Puts the resources that the configuration file declares, as the API would. An error begins with the resource's line
 * in the file.
 */
export async function declareResources(services: DeclareServices, config: Config): Promise<void> {
  const { store, keys, apiKeys, hooks, inboxes } = services;
  for (const { kid, jwk, origin } of config.declaredKeys) await at(origin, () => keys.put(kid, jwk));
  for (const { name, pair, origin } of config.declaredApiKeys) await at(origin, () => apiKeys.put(name, pair));
  for (const { name, settings, origin } of config.declaredHooks) await at(origin, () => hooks.put(name, settings));
  for (const declared of config.declared) {
    const { topic } = await at(declared.origin, () =>
      store.catalog.putTopic(store.catalog.defaultAccount().id, declared.topic, declared.settings),
    );
    for (const { name, settings, start, origin } of declared.subscriptions) {
      await at(origin, async () => {
        await assertPushKeysFit(keys, settings);
        return store.catalog.putSubscription(topic.id, name, settings, start);
      });
    }
  }
  // Inboxes may read topics, so they come last.
  for (const { name, settings, origin } of config.declaredInboxes) await at(origin, () => inboxes.put(name, settings));
}

async function at<T>(origin: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    throw new RingbackError(error.code, `${origin}: ${error.message}`, { details: error.details, cause: error });
  }
}
