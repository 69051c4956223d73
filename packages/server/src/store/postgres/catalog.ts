import type { AccountLimits } from "../../domain/account-limits.ts";
import type { Account, AccountId, Subscription } from "../../domain/model.ts";
import type { CatalogStore } from "../catalog.ts";
import { ensureAccountNamed, removeAccount } from "./account.ts";
import type { StoreContext } from "./store-context.ts";
import { searchSubscriptions } from "./subscription-search.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Topics } from "./topics.ts";

export function createCatalog(account: Account, context: StoreContext): CatalogStore {
  const options = {
    ...context,
    limitsOf: (id: AccountId): AccountLimits => context.limitsOf(id),
    pool: context.database.rest,
    changed: (id: Subscription["id"]): void => context.changed.notify(id),
  };
  const topics = new Topics(options);
  const subscriptions = new Subscriptions(options);
  return {
    defaultAccount: () => account,
    limitAccounts: (limitsOf) => void (context.limitsOf = limitsOf),
    ensureAccount: (name) => ensureAccountNamed(options.pool, name, context.times),
    removeAccount: (id) => removeAccount(options.pool, id),
    putTopic: (...topic) => topics.put(...topic),
    createTopic: (...topic) => topics.create(...topic),
    getTopic: (...topic) => topics.get(...topic),
    findTopicAnyCase: (...topic) => topics.findAnyCase(...topic),
    listTopics: (...page) => topics.list(...page),
    listTopicRanges: (...page) => topics.listRanges(...page),
    countTopics: (accountId) => topics.count(accountId),
    deleteTopic: (...topic) => topics.delete(...topic),
    putSubscription: (...subscription) => subscriptions.put(...subscription),
    getSubscription: (...subscription) => subscriptions.get(...subscription),
    getSubscriptionById: (id) => subscriptions.getById(id),
    listSubscriptions: (...page) => subscriptions.list(...page),
    searchSubscriptions: (...search) => searchSubscriptions(options.pool, ...search),
    subscriptionsOfKey: (...key) => subscriptions.ofKey(...key),
    subscriptionsWithSecrets: (...page) => subscriptions.withSecrets(...page),
    deleteSubscription: (...subscription) => subscriptions.delete(...subscription),
    setSubscriptionState: (...subscription) => subscriptions.setState(...subscription),
    setSubscriptionHealth: (...health) => subscriptions.setHealth(...health),
    onSubscriptionChange: (listener) => context.changed.add(listener),
  };
}
