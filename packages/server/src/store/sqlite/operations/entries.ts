import type { DatabaseSync } from "node:sqlite";
import type { AccountId, EntryKind } from "../../../domain/model.ts";
import type { EntryRow } from "../../catalog-rows.ts";
import { all, run } from "../statements.ts";

const columns = "account_id, kind, name, id, version, value, created_at, updated_at";

export function loadEntries(db: DatabaseSync): EntryRow[] {
  return all(db, `SELECT ${columns} FROM entry`);
}

export function putEntry(db: DatabaseSync, row: EntryRow): void {
  const put = `INSERT INTO entry (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, kind, name)
    DO UPDATE SET version = excluded.version, value = excluded.value, updated_at = excluded.updated_at`;
  run(db, put, row.account_id, row.kind, row.name, row.id, row.version, row.value, row.created_at, row.updated_at);
}

export function deleteEntry(
  db: DatabaseSync,
  { accountId, kind, name }: { readonly accountId: AccountId; readonly kind: EntryKind; readonly name: string },
): void {
  run(db, "DELETE FROM entry WHERE account_id = ? AND kind = ? AND name = ?", accountId, kind, name);
}
