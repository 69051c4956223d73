import type { DatabaseSync } from "node:sqlite";
import type { AccountId, EntryKind } from "../../../domain/model.ts";
import type { EntryRow } from "../../catalog-rows.ts";
import { statement } from "../statements.ts";

export function loadEntries(db: DatabaseSync): EntryRow[] {
  return statement(
    db,
    "SELECT account_id, kind, name, version, value, created_at, updated_at FROM entry",
  ).all() as never;
}

export function putEntry(db: DatabaseSync, row: EntryRow): void {
  statement(
    db,
    `INSERT INTO entry (account_id, kind, name, version, value, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (account_id, kind, name)
       DO UPDATE SET version = excluded.version, value = excluded.value, updated_at = excluded.updated_at`,
  ).run(row.account_id, row.kind, row.name, row.version, row.value, row.created_at, row.updated_at);
}

export function deleteEntry(
  db: DatabaseSync,
  key: { readonly accountId: AccountId; readonly kind: EntryKind; readonly name: string },
): void {
  statement(db, "DELETE FROM entry WHERE account_id = ? AND kind = ? AND name = ?").run(
    key.accountId,
    key.kind,
    key.name,
  );
}
