import type { AccountId } from "../domain/model.ts";
import { AccountApiKeys, type AccountApiKeysOptions } from "./access/account-api-keys.ts";
import { AccountEventTypes, type AccountEventTypesOptions } from "./event-types/account-event-types.ts";
import { AccountHooks, type AccountHooksOptions } from "./hooks/account-hooks.ts";
import { AccountInboxes, type AccountInboxesOptions } from "./inboxes/account-inboxes.ts";
import { AccountKeys } from "./keys/account-keys.ts";
import { AccountQueues, type AccountQueuesOptions } from "./queues/account-queues.ts";

/** The services that are separate for each account. */
export interface AccountServices {
  readonly accountId: AccountId;
  readonly keys: AccountKeys;
  readonly apiKeys: AccountApiKeys;
  readonly hooks: AccountHooks;
  readonly inboxes: AccountInboxes;
  readonly queues: AccountQueues;
  readonly eventTypes: AccountEventTypes;
}

export type ServicesOf = (accountId: AccountId) => AccountServices;

/** Calls the listener when an account is being deleted, so that its services are not needed any more. */
type OnGone = (listener: (accountId: AccountId) => void) => void;

/** The options that the services of all accounts share. */
export type SharedServices = Omit<AccountApiKeysOptions, "accountId"> &
  Omit<AccountHooksOptions, "accountId" | "keys"> &
  Omit<AccountInboxesOptions, "accountId"> &
  Omit<AccountQueuesOptions, "accountId" | "failed"> &
  Omit<AccountEventTypesOptions, "accountId"> & {
    /** Receives errors of background work of the queues. */
    readonly queueFailed: (error: unknown) => void;
  };

/** Returns a function that creates the services of an account when they are first used. */
export function createServicesOf(shared: SharedServices, onGone: OnGone): ServicesOf {
  const known = new Map<AccountId, AccountServices>();
  onGone((accountId) => known.delete(accountId));
  return (accountId) => {
    let services = known.get(accountId);
    if (services === undefined) known.set(accountId, (services = createServices(shared, accountId)));
    return services;
  };
}

function createServices(shared: SharedServices, accountId: AccountId): AccountServices {
  const options = { ...shared, accountId };
  const keys = new AccountKeys(options);
  return {
    accountId,
    keys,
    apiKeys: new AccountApiKeys(options),
    hooks: new AccountHooks({ ...options, keys }),
    inboxes: new AccountInboxes(options),
    queues: new AccountQueues({ ...options, failed: shared.queueFailed }),
    eventTypes: new AccountEventTypes(options),
  };
}
