import type { Logger } from "pino";
import type { AuditOptions } from "../engine/audit/audit.ts";

/** The log shows each record with `audit: true`, and says which ones are in the log alone. */
export function createAuditLog(log: Logger): Pick<AuditOptions, "recorded" | "failed"> {
  return {
    recorded: (record) => log.info({ audit: true, ...record }, "a change was made"),
    failed: (error, record) =>
      log.error({ err: error, audit: true, ...record }, "the record of a change is not stored"),
  };
}
