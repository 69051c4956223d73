import type { Logger } from "pino";
import type { AuditOptions } from "../engine/audit/audit.ts";
import type { AuditRecord } from "../store/audit.ts";

/** The log shows each record, with `audit: true`. */
export function createAuditLog(log: Logger): Pick<AuditOptions, "recorded" | "failed"> {
  return {
    recorded: (record) => log.info(membersOf(record), "a change was made"),
    failed: (error, record) =>
      log.error({ err: error, ...membersOf(record) }, "the record of a change could not be stored"),
  };
}

function membersOf({ accountId, id, who, action, target, details }: AuditRecord): object {
  return { audit: true, accountId, id, who, action, target, ...(details as object) };
}
