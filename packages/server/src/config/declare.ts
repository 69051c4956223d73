import { isDeepStrictEqual } from "node:util";
import { RingbackError } from "../domain/errors.ts";
import { assertRetriesWithin } from "../domain/retry-rules.ts";
import { eventsTopicName } from "../domain/internal-names.ts";
import type { AccountId, TopicSettings } from "../domain/model.ts";
import type { AccountServices, ServicesOf } from "../engine/account-services.ts";
import { settingsDefault } from "../engine/accounts/account-settings.ts";
import { actors, type Audit } from "../engine/audit/audit.ts";
import type { Accounts } from "../engine/accounts/accounts.ts";
import { putEventsTopic } from "../engine/events/events-topic.ts";
import type { EndpointSecrets } from "../engine/keys/endpoint-secrets.ts";
import type { EndpointVerifier } from "../engine/push/endpoint-verifier.ts";
import { putSubscription } from "../engine/push/settings-rule.ts";
import { accountView } from "../shapes/account.ts";
import { apiKeyView } from "../shapes/api-key.ts";
import { eventTypeView } from "../shapes/event-type.ts";
import { hookView } from "../shapes/hook.ts";
import { recordedInboxView } from "../shapes/inbox.ts";
import { keyView } from "../shapes/key.ts";
import { recordedSubscriptionView } from "../shapes/subscription.ts";
import { topicView } from "../shapes/topic.ts";
import type { Store } from "../store/store.ts";
import type { EndpointRule } from "../transport/endpoint-rule.ts";
import type { Config } from "./config.ts";

interface DeclareServices {
  readonly store: Store;
  readonly accounts: Accounts;
  readonly audit: Audit;
  readonly servicesOf: ServicesOf;
  readonly endpointSecrets: Pick<EndpointSecrets, "seal">;
  readonly endpointRule: EndpointRule;
  readonly verifier: EndpointVerifier;
}

/** Origin of the changes that the configuration file makes. */
const byConfiguration = { who: actors.configuration, source: null, requestId: null };

/**
 * Creates or replaces the resources that the configuration file declares, like a PUT of the API. The message of an
 * error begins with the resource's line in the file. Declarations that change nothing are not recorded.
 */
export async function declareResources(services: DeclareServices, { declared, account: of }: Config): Promise<void> {
  const { store, audit } = services;
  const accountId = await accountNamed(services, of);
  const account = services.servicesOf(accountId);
  const { keys, apiKeys, hooks, inboxes } = account;
  const put = <R>(target: string, { origin, action, view, get, write }: Declaration<R>): Promise<R> =>
    at(origin, async () => {
      const before = await get();
      const written = await write();
      const views = { before: before && view(before), after: view(written) };
      if (!isDeepStrictEqual(views.before, views.after)) {
        await audit.record(accountId, { ...byConfiguration, action, target, ...views });
      }
      return written;
    });
  for (const { name, value, origin } of declared.keys) {
    const write = async () => (await keys.put(name, value)).key;
    await put(`keys/${name}`, { origin, action: "putKey", view: keyView, get: () => keys.get(name), write });
  }
  for (const { name, value, origin } of declared.apiKeys) {
    const id = value.pair.secretId;
    const write = () => apiKeys.put({ ...value.settings, name }, value.pair);
    await put(`api-keys/${id}`, {
      origin,
      action: "createApiKey",
      view: apiKeyView,
      get: () => apiKeys.get(id),
      write,
    });
  }
  for (const { name, value, origin } of declared.hooks) {
    const write = async () => (await hooks.put(name, value)).hook;
    await put(`hooks/${name}`, { origin, action: "putHook", view: hookView, get: () => hooks.get(name), write });
  }
  await declareEventTypes(declared.eventTypes, account.eventTypes, put);
  for (const { name, value, origin } of declared.topics) {
    const topic = await put(`topics/${name}`, {
      origin,
      action: "putTopic",
      view: topicView,
      get: () => store.catalog.getTopic(accountId, name),
      write: async () => (await putTopic(services, accountId, name, value.settings)).topic,
    });
    for (const { name: subscriptionName, value: subscription, origin } of value.subscriptions) {
      await put(`topics/${name}/subscriptions/${subscriptionName}`, {
        origin,
        action: "putSubscription",
        view: recordedSubscriptionView,
        get: () => store.catalog.getSubscription(topic.id, subscriptionName),
        async write() {
          // The file may have shortened the retention of the topic above without a change of the policy.
          assertRetriesWithin("retry", subscription.settings.retry, topic.settings.retentionMs);
          return (await putSubscription({ ...services, ...account }, topic, subscriptionName, subscription))
            .subscription;
        },
      });
    }
  }
  // Inboxes may read topics, so they come last.
  for (const { name, value, origin } of declared.inboxes) {
    const write = async () => (await inboxes.put(name, value)).inbox;
    await put(`inboxes/${name}`, {
      origin,
      action: "putInbox",
      view: recordedInboxView,
      get: () => inboxes.get(name),
      write,
    });
  }
}

type Put = <R>(target: string, declaration: Declaration<R>) => Promise<R>;

async function declareEventTypes(
  declared: Config["declared"]["eventTypes"],
  eventTypes: AccountServices["eventTypes"],
  put: Put,
): Promise<void> {
  for (const { name, value, origin } of declared) {
    const write = async () => (await eventTypes.put(name, value))["event type"];
    const get = () => eventTypes.get(name);
    await put(`event-types/${name}`, { origin, action: "putEventType", view: eventTypeView, get, write });
  }
}

function putTopic({ store, accounts }: DeclareServices, accountId: AccountId, name: string, settings: TopicSettings) {
  if (name !== eventsTopicName) return store.catalog.putTopic(accountId, name, settings);
  return putEventsTopic(store.catalog, accountId, settings, { accountLimits: accounts.limitsOf(accountId) });
}

interface Declaration<R> {
  readonly origin: string;
  readonly action: string;
  readonly view: (resource: R) => object;
  readonly get: () => Promise<R | null>;
  readonly write: () => Promise<R>;
}

/** Creates the account if it does not exist. */
async function accountNamed({ accounts, audit }: DeclareServices, name: string): Promise<AccountId> {
  const found = accounts.find(name);
  if (found !== null) return found.id;
  const { account } = await accounts.put(name, settingsDefault);
  const change = { action: "putAccount", target: `accounts/${name}`, before: null, after: accountView(account) };
  await audit.record(accounts.default.id, { ...byConfiguration, ...change });
  return account.accountId;
}

async function at<T>(origin: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    throw new RingbackError(error.code, `${origin}: ${error.message}`, { details: error.details, cause: error });
  }
}
