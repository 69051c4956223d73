import type { Logger } from "pino";
import type { Config } from "./config/config.ts";
import type { AccountLimits } from "./domain/account-limits.ts";
import type { AccountId } from "./domain/model.ts";
import type { ServicesOf } from "./engine/account-services.ts";
import type { Accounts } from "./engine/accounts/accounts.ts";
import { EventProducers } from "./engine/events/event-producers.ts";
import { EventTail } from "./engine/events/event-tail.ts";
import type { EngineServices } from "./engine/services.ts";
import { readDiskUse } from "./ops/disk-space.ts";
import { createEventLog } from "./ops/event-log.ts";

interface EventParts extends EngineServices {
  readonly config: Pick<Config, "database" | "data" | "databaseBytesMax">;
  readonly log: Logger;
  readonly accounts: Accounts;
  readonly servicesOf: ServicesOf;
}

/** Creates what publishes the events of Ringback itself, and what reads them for the event streams. */
export function createEvents({ config, log, ...given }: EventParts) {
  const { accounts, store } = given;
  const limitsOf = (id: AccountId): AccountLimits => accounts.limitsOf(id);
  const { database, data, databaseBytesMax: bytesMax } = config;
  const producers = new EventProducers({
    ...given,
    limitsOf,
    accountOf: (id) => (accounts.has(id) ? accounts.byId(id) : null),
    accountIds: () => accounts.ids(),
    log: createEventLog(log, (id) => accounts.nameOf(id)),
    diskUses: async () =>
      database === "sqlite" ? readDiskUse(data, { usedBytes: (await store.records.statistics()).bytes, bytesMax }) : [],
  });
  const eventTail = new EventTail({ ...given, limitsOf });
  producers.messages.onAppended((accountId) => eventTail.wake(accountId));
  return { producers, eventTail };
}
