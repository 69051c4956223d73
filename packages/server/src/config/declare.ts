import { RingbackError } from "../domain/errors.ts";
import { assertRetriesWithin } from "../domain/retry-rules.ts";
import type { AccountId } from "../domain/model.ts";
import type { ServicesOf } from "../engine/account-services.ts";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import type { Accounts } from "../engine/accounts/accounts.ts";
import type { EndpointSecrets } from "../engine/keys/endpoint-secrets.ts";
import type { EndpointVerifier } from "../engine/push/endpoint-verifier.ts";
import { putSubscription } from "../engine/push/settings-rule.ts";
import type { Store } from "../store/store.ts";
import type { EndpointRule } from "../transport/endpoint-rule.ts";
import type { Config } from "./config.ts";

interface DeclareServices {
  readonly store: Store;
  readonly accounts: Accounts;
  readonly servicesOf: ServicesOf;
  readonly endpointSecrets: Pick<EndpointSecrets, "seal">;
  readonly endpointRule: EndpointRule;
  readonly verifier: EndpointVerifier;
}

/**
 * Creates or replaces the resources that the configuration file declares, like a PUT of the API. The message of an
 * error begins with the resource's line in the file.
 */
export async function declareResources(services: DeclareServices, config: Config): Promise<void> {
  const { store, accounts } = services;
  const { declared } = config;
  const accountId = await accountNamed(accounts, config.account);
  const { keys, apiKeys, hooks, inboxes } = services.servicesOf(accountId);
  for (const { name, value, origin } of declared.keys) await at(origin, () => keys.put(name, value));
  for (const { name, value, origin } of declared.apiKeys)
    await at(origin, () => apiKeys.put({ ...value.settings, name }, value.pair));
  for (const { name, value, origin } of declared.hooks) await at(origin, () => hooks.put(name, value));
  for (const { name, value, origin } of declared.topics) {
    const { topic } = await at(origin, () => store.catalog.putTopic(accountId, name, value.settings));
    for (const { name, value: subscription, origin } of value.subscriptions) {
      await at(origin, async () => {
        // The file may have shortened the retention of the topic above without a change of the policy.
        assertRetriesWithin("retry", subscription.settings.retry, topic.settings.retentionMs);
        return putSubscription({ ...services, keys }, topic, name, subscription);
      });
    }
  }
  // Inboxes may read topics, so they come last.
  for (const { name, value, origin } of declared.inboxes) await at(origin, () => inboxes.put(name, value));
}

/** Creates the account if it does not exist. */
async function accountNamed(accounts: Accounts, name: string): Promise<AccountId> {
  return accounts.find(name)?.id ?? (await accounts.put(name, settingsDefault)).account.accountId;
}

async function at<T>(origin: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    throw new RingbackError(error.code, `${origin}: ${error.message}`, { details: error.details, cause: error });
  }
}
