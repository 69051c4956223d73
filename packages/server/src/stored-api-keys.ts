import { randomBytes, randomInt } from "node:crypto";
import type { Logger } from "pino";
import type { Config } from "./config/config.ts";
import { RingbackError } from "./domain/errors.ts";
import { systemClock } from "./domain/ports.ts";
import { AccountApiKeys } from "./engine/access/account-api-keys.ts";
import { actors, Audit, type Change } from "./engine/audit/audit.ts";
import { Accounts } from "./engine/accounts/accounts.ts";
import { createAuditLog } from "./ops/audit-log.ts";
import { openStore } from "./open-store.ts";

export type RecordChange = (change: Pick<Change, "action" | "target" | "before" | "after">) => Promise<void>;

/**
 * Opens the database of the configuration without a server, and runs the work on the API keys of one account. Throws
 * `account_not_found`, and `storage_unavailable` while a server uses the data folder.
 */
export async function withStoredApiKeys<T>(
  config: Config,
  log: Logger,
  accountName: string,
  work: (apiKeys: AccountApiKeys, record: RecordChange) => Promise<T>,
): Promise<T> {
  const { store, masterKeys } = await openStore(config, log, { commit: () => {} });
  try {
    const failed = (error: unknown): void => log.error({ err: error }, "background work failed");
    const accounts = new Accounts({ store, randomInt, failed });
    await accounts.start();
    const account = accounts.find(accountName);
    if (account === null) throw new RingbackError("account_not_found", `There is no account "${accountName}".`);
    const audit = new Audit({ store, clock: systemClock, randomInt, ...createAuditLog(log, () => accountName) });
    return await work(new AccountApiKeys({ store, accountId: account.id, masterKeys, randomBytes, failed }), (change) =>
      audit.record(account.id, { who: actors.commandLine, source: null, requestId: null, ...change }),
    );
  } finally {
    await store.close();
  }
}
