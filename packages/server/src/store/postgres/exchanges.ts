import {
  contentOf,
  exchangeColumns,
  exchangeKeyColumns,
  exchangeKeyValues,
  exchangesDeletedMax,
  exchangesToDelete,
  toStoredExchange,
  type ExchangeStore,
  type StoredExchange,
} from "../exchanges.ts";
import type { Connection } from "./connection.ts";

const table = "ringback.exchange";
const columns = exchangeColumns.join(", ");
const typeOf = (column: string): string => (column.endsWith("_body") ? "bytea" : column === "head" ? "text" : "bigint");
const arrays = exchangeColumns.map((column, index) => `$${index + 1}::${typeOf(column)}[]`).join(", ");
const isKey = (column: string): boolean => exchangeKeyColumns.some((key) => key === column);
const replaced = exchangeColumns.filter((column) => !isKey(column)).map((column) => `${column} = EXCLUDED.${column}`);
const insert = `INSERT INTO ${table} (${columns}) SELECT * FROM unnest(${arrays})
  ON CONFLICT (${exchangeKeyColumns.join(", ")}) DO UPDATE SET ${replaced.join(", ")}`;
const isOfKey = exchangeKeyColumns.map((column, index) => `${column} = $${index + 1}`).join(" AND ");
const select = `SELECT head, request_body, reply_body FROM ${table} WHERE ${isOfKey}`;

export function createExchanges(connection: Connection): ExchangeStore {
  const remove = async (ids: string, value: number, name: string): Promise<boolean> => {
    const deleted = await connection.query(`DELETE FROM ${table} WHERE id IN (${ids}) RETURNING 1`, [value], name);
    return deleted.length === exchangesDeletedMax;
  };
  return {
    async write(rows) {
      const stored = rows.map(toStoredExchange);
      const values = exchangeColumns.map((column) => stored.map((row) => row[column]));
      await connection.query(insert, values, "write_exchanges");
    },
    async read(key) {
      const [row] = await connection.query<StoredExchange>(select, exchangeKeyValues(key), "read_exchange");
      return contentOf(row);
    },
    async trim({ nowMs, bytesMax }) {
      const expired = await remove(exchangesToDelete.expired(table, "$1::bigint"), nowMs, "trim_exchanges");
      const surplus = await remove(exchangesToDelete.surplus(table, "$1::bigint"), bytesMax, "limit_exchanges");
      return expired || surplus;
    },
    deleteSome: (accountId) =>
      remove(exchangesToDelete.ofAccount(table, "$1::bigint"), accountId, "delete_some_exchanges"),
  };
}
