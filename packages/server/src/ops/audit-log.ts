import type { Logger } from "pino";
import type { AccountId } from "../domain/model.ts";
import type { AuditOptions } from "../engine/audit/audit.ts";
import type { AuditRecord } from "../store/audit.ts";

/** Writes each record to the log, with `audit: true`, and with the account, topic and subscription of other lines. */
export function createAuditLog(
  log: Logger,
  accountNameOf: (id: AccountId) => string,
): Pick<AuditOptions, "recorded" | "failed"> {
  const membersOf = ({ accountId, id, who, action, target, details }: AuditRecord): object => {
    const account = accountNameOf(accountId);
    return { audit: true, account, ...topicOf(target), id, who, action, target, ...(details as object) };
  };
  return {
    recorded: (record) => log.info(membersOf(record), "a change was made"),
    failed: (error, record) =>
      log.error({ err: error, ...membersOf(record) }, "the record of a change could not be stored"),
  };
}

/** The topic and the subscription that a target such as `topics/a/subscriptions/b` names. */
function topicOf(target: string): object {
  const [, topic, subscription] = /^topics\/([^/]+)(?:\/subscriptions\/([^/]+))?/.exec(target) ?? [];
  return { ...(topic !== undefined && { topic }), ...(subscription !== undefined && { subscription }) };
}
