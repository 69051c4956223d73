import type { DatabaseSync } from "node:sqlite";
import type { AccountId } from "../../../domain/model.ts";
import {
  exchangeColumns,
  exchangeKeyColumns,
  exchangeKeyValues,
  exchangesDeletedMax,
  exchangesToDelete,
  type ExchangeKey,
  type ExchangeLimits,
  type StoredExchange,
} from "../../exchanges.ts";
import { all, run } from "../statements.ts";

const columns = exchangeColumns.join(", ");
const marks = exchangeColumns.map(() => "?").join(", ");
const isOfKey = exchangeKeyColumns.map((column) => `${column} = ?`).join(" AND ");
const deleteIds = (ids: string): string => `DELETE FROM exchange WHERE id IN (${ids})`;
const toDelete = {
  expired: deleteIds(exchangesToDelete.expired("exchange", "?")),
  surplus: deleteIds(exchangesToDelete.surplus("exchange", "?")),
  ofAccount: deleteIds(exchangesToDelete.ofAccount("exchange", "?")),
};

export function writeExchanges(db: DatabaseSync, rows: readonly StoredExchange[]): void {
  const insert = `INSERT OR REPLACE INTO exchange (${columns}) VALUES (${marks})`;
  for (const row of rows) run(db, insert, ...exchangeColumns.map((column) => row[column]));
}

export function readExchange(db: DatabaseSync, key: ExchangeKey): StoredExchange | undefined {
  return all<StoredExchange>(db, `SELECT ${columns} FROM exchange WHERE ${isOfKey}`, ...exchangeKeyValues(key))[0];
}

export function trimExchanges(db: DatabaseSync, { nowMs, bytesMax }: ExchangeLimits): boolean {
  const expired = run(db, toDelete.expired, nowMs);
  return Math.max(expired, run(db, toDelete.surplus, bytesMax)) === exchangesDeletedMax;
}

export function deleteSomeExchanges(db: DatabaseSync, { accountId }: { readonly accountId: AccountId }): boolean {
  return run(db, toDelete.ofAccount, accountId) === exchangesDeletedMax;
}
