import { auditPage, auditRange, toAuditRow, type AuditStore } from "../audit.ts";
import type { StoreContext } from "./store-context.ts";

export function sqliteAudit({ commits, reader }: StoreContext): AuditStore {
  return {
    append: (records) => commits.write("appendAudit", records.map(toAuditRow)),
    list: async (accountId, filter, page) =>
      auditPage(await reader.call("readAudit", auditRange(accountId, filter, page)), page),
    deleteSome: (accountId) => commits.write("deleteSomeAudit", { accountId }),
  };
}
