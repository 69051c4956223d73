import type { DatabaseSync } from "node:sqlite";
import type { AccountId, TimeMs } from "../../../domain/model.ts";
import { auditDeletedMax, auditExaminedMax, type AuditRange, type AuditRead, type AuditRow } from "../../audit.ts";
import { all, get, run } from "../statements.ts";

const columns = "account_id, record_id, happened_at, who, action, target, details";

export function appendAudit(db: DatabaseSync, rows: readonly AuditRow[]): void {
  const insert = `INSERT INTO audit (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`;
  for (const row of rows) {
    run(db, insert, row.account_id, row.record_id, row.happened_at, row.who, row.action, row.target, row.details);
  }
}

export function readAudit(db: DatabaseSync, range: AuditRange): AuditRead {
  const { accountId, fromId, beforeId, who, action, target, hasConditions, rowsMax } = range;
  const examined = `SELECT record_id FROM audit WHERE account_id = ? AND record_id >= ? AND record_id < ?
    ORDER BY record_id DESC LIMIT 1 OFFSET ${auditExaminedMax - 1}`;
  const last = hasConditions ? get<{ record_id: string }>(db, examined, accountId, fromId, beforeId) : undefined;
  const matching = `SELECT ${columns} FROM audit WHERE account_id = ?1 AND record_id >= ?2 AND record_id < ?3
      AND (?4 IS NULL OR who = ?4) AND (?5 IS NULL OR action = ?5)
      AND (?6 IS NULL OR target = ?6 OR substr(target, 1, length(?6) + 1) = ?6 || '/')
    ORDER BY record_id DESC LIMIT ?7`;
  const rows = all<AuditRow>(
    db,
    matching,
    accountId,
    last?.record_id ?? fromId,
    beforeId,
    who,
    action,
    target,
    rowsMax,
  );
  return { rows, examinedId: last?.record_id ?? null };
}

export function deleteSomeAudit(db: DatabaseSync, { accountId }: { readonly accountId: AccountId }): boolean {
  const some = "SELECT record_id FROM audit WHERE account_id = ?1 LIMIT ?2";
  const deleted = run(
    db,
    `DELETE FROM audit WHERE account_id = ?1 AND record_id IN (${some})`,
    accountId,
    auditDeletedMax,
  );
  return deleted === auditDeletedMax;
}

/** Returns how many records were deleted. */
export function trimAudit(db: DatabaseSync, beforeMs: TimeMs): number {
  const old = "SELECT rowid FROM audit WHERE happened_at < ? ORDER BY happened_at LIMIT ?";
  return run(db, `DELETE FROM audit WHERE rowid IN (${old})`, beforeMs, auditDeletedMax);
}
