import { randomInt } from "node:crypto";
import type { AccountLimits } from "./domain/account-limits.ts";
import type { AccountId } from "./domain/model.ts";
import { AccountDeletion } from "./engine/accounts/account-deletion.ts";
import { Accounts } from "./engine/accounts/accounts.ts";
import { PublishLimits, type PublishLimitsOptions } from "./engine/accounts/publish-limits.ts";
import type { EngineServices } from "./engine/services.ts";

/** The accounts, their limits and their deletion. */
export function createAccounts(
  shared: Omit<EngineServices, "failed">,
  failedDuring: (during: string) => (error: unknown) => void,
  { refused }: Required<Pick<PublishLimitsOptions, "refused">>,
) {
  const accounts = new Accounts({ store: shared.store, randomInt, failed: failedDuring("accounts") });
  const limitsOf = (accountId: AccountId): AccountLimits => accounts.limitsOf(accountId);
  shared.store.catalog.limitAccounts((id) => ({ ...accounts.limitsOf(id), refused: (limit) => refused(id, limit) }));
  const publishLimits = new PublishLimits({ ...shared, limitsOf, refused, failed: failedDuring("account limits") });
  accounts.onGone((accountId) => publishLimits.forget(accountId));
  const deletion = new AccountDeletion({ ...shared, accounts, failed: failedDuring("account deletion") });
  return { accounts, limitsOf, publishLimits, deletion };
}
