import type { AccountId } from "../../domain/model.ts";
import {
  auditDeletedMax,
  auditExaminedMax,
  auditPage,
  auditRange,
  toAuditRow,
  type AuditFilter,
  type AuditRange,
  type AuditRead,
  type AuditRecord,
  type AuditRow,
  type AuditStore,
} from "../audit.ts";
import type { Page, PageRequest } from "../page.ts";
import type { Connection } from "./connection.ts";

export function createAudit(connection: Connection): AuditStore {
  return {
    async append(records) {
      const rows = records.map(toAuditRow);
      await connection.query(
        `INSERT INTO ringback.audit (account_id, record_id, happened_at, who, action, target, details)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])`,
        (["account_id", "record_id", "happened_at", "who", "action", "target", "details"] as const).map((column) =>
          rows.map((row) => row[column]),
        ),
        "append_audit",
      );
    },
    async list(accountId: AccountId, filter: AuditFilter, page: PageRequest): Promise<Page<AuditRecord>> {
      return auditPage(await read(connection, auditRange(accountId, filter, page)), page);
    },
    async deleteSome(accountId) {
      const deleted = await connection.query(
        `DELETE FROM ringback.audit WHERE account_id = $1 AND record_id = ANY (ARRAY (
           SELECT record_id FROM ringback.audit WHERE account_id = $1 LIMIT $2)) RETURNING 1`,
        [accountId, auditDeletedMax],
        "delete_some_audit",
      );
      return deleted.length === auditDeletedMax;
    },
  };
}

async function read(connection: Connection, range: AuditRange): Promise<AuditRead> {
  const { accountId, fromId, beforeId, who, action, target, hasConditions, rowsMax } = range;
  const [last] = hasConditions
    ? await connection.query<{ record_id: string }>(
        `SELECT record_id FROM ringback.audit WHERE account_id = $1 AND record_id >= $2 AND record_id < $3
         ORDER BY record_id DESC LIMIT 1 OFFSET ${auditExaminedMax - 1}`,
        [accountId, fromId, beforeId],
        "last_examined_audit",
      )
    : [];
  const rows = await connection.query<AuditRow>(
    `SELECT * FROM ringback.audit WHERE account_id = $1 AND record_id >= $2 AND record_id < $3
       AND ($4::text IS NULL OR who = $4) AND ($5::text IS NULL OR action = $5)
       AND ($6::text IS NULL OR target = $6 OR starts_with(target, $6 || '/'))
     ORDER BY record_id DESC LIMIT $7`,
    [accountId, last?.record_id ?? fromId, beforeId, who, action, target, rowsMax],
    "list_audit",
  );
  return { rows, examinedId: last?.record_id ?? null };
}
