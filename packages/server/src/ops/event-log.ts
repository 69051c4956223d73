import type { Logger } from "pino";
import type { AccountId } from "../domain/model.ts";
import type { EventLog } from "../engine/events/event-log.ts";
import { createNodeLog } from "./node-log.ts";

export function createEventLog(log: Logger, accountNameOf: (id: AccountId) => string): EventLog {
  return {
    unpublished: ({ type, members }) =>
      log.warn({ event: type, ...members }, "an event about a subscription that receives events is not published"),
    suppressed: (accountId, count) =>
      log.warn(
        { account: accountNameOf(accountId), count },
        "events of the account were not published, because there were too many",
      ),
    lost: (type, error) => log.error({ err: error, event: type }, "an event could not be stored"),
    nodesRead: createNodeLog(log),
  };
}
