import type { Logger } from "pino";
import { RingbackError } from "../domain/errors.ts";
import type { Access } from "../engine/access/access.ts";
import type { ServicesOf } from "../engine/account-services.ts";
import type { Accounts } from "../engine/accounts/accounts.ts";
import type { EndpointSecrets } from "../engine/keys/endpoint-secrets.ts";
import { withUnusableSecrets } from "../engine/keys/stored-secrets.ts";
import type { Store } from "../store/store.ts";

interface SecretHolders {
  readonly log: Logger;
  readonly store: Store;
  readonly accounts: Accounts;
  readonly servicesOf: ServicesOf;
  readonly endpointSecrets: EndpointSecrets;
}

/**
 * A server that other machines can reach must not be open. Throws `api_key_missing` if nobody could use the server,
 * because it has no operator's key.
 */
export async function assertHasKey(access: Access): Promise<void> {
  if ((await access.isOpen()) || (await access.hasOperator())) return;
  throw new RingbackError(
    "api_key_missing",
    "The server is not open, because other machines can reach it, at an address that it listens on or through a " +
      "proxy, or because an operator's API key has expired. But there is no valid operator's API key. Create the first one with `ringback api-keys create --role operator` and the same --data " +
      "or --database, or set RINGBACK_OPERATOR_TOKEN (or RINGBACK_OPERATOR_TOKEN_FILE).",
  );
}

/** Secrets that one log line names. This number is enough to find out which master key is missing. */
const namedSecretsMax = 50;

/** Logs which stored secrets cannot be decrypted, because their master key is missing. */
export async function warnOfSecrets(given: SecretHolders): Promise<void> {
  const { log, store, accounts, servicesOf, endpointSecrets } = given;
  const missing = "because the master key that they were stored with is not configured";
  for (const { id, name } of accounts.active()) {
    const { keys, apiKeys, hooks, inboxes } = servicesOf(id);
    for (const kids of [await keys.unusable(), await apiKeys.unusable()]) {
      const named = { account: name, count: kids.length, kids: kids.slice(0, namedSecretsMax) };
      if (kids.length > 0) log.warn(named, `these keys cannot be decrypted, ${missing}`);
    }
    const unusable = await hooks.unusable();
    const named = { account: name, count: unusable.length, hooks: unusable.slice(0, namedSecretsMax) };
    if (unusable.length > 0) log.warn(named, `the credentials of these hooks cannot be decrypted, ${missing}`);
    const names = await inboxes.unusable();
    const listed = { account: name, count: names.length, inboxes: names.slice(0, namedSecretsMax) };
    if (names.length > 0) log.warn(listed, `the secrets of these inboxes cannot be decrypted, ${missing}`);
  }
  const unusable = await withUnusableSecrets({ store, endpointSecrets });
  const named = { count: unusable.length, subscriptions: unusable.slice(0, namedSecretsMax) };
  if (unusable.length > 0)
    log.warn(named, `the headers or credentials of these subscriptions cannot be decrypted, ${missing}`);
}
