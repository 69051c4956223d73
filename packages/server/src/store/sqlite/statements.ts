import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

const byDatabase = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/**
 * Returns the statement for this text. It is prepared once per connection, because preparing most statements takes
 * longer than running them.
 *
 * The result of a write contains the connection's last row id, even if another statement set this id. In topics from
 * the 8,192nd on, message ids exceed 2^53. When such an id is the last row id, node:sqlite would write and then throw,
 * because a number cannot hold the id. So writes return BigInts, and callers convert the values that they use.
 */
export function statement(db: DatabaseSync, sql: string): StatementSync {
  let statements = byDatabase.get(db);
  if (statements === undefined) byDatabase.set(db, (statements = new Map()));
  let found = statements.get(sql);
  if (found === undefined) {
    statements.set(sql, (found = db.prepare(sql)));
    if (/^\s*(?:INSERT|UPDATE|DELETE)\b/.test(sql) && !/\bRETURNING\b/.test(sql)) found.setReadBigInts(true);
  }
  return found;
}

/** Returns the first row, or undefined when there is none. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only the caller knows the columns.
export function get<T>(db: DatabaseSync, sql: string, ...values: readonly SQLInputValue[]): T | undefined {
  return statement(db, sql).get(...values) as T | undefined;
}

/** Returns the row of a query that always has one. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only the caller knows the columns.
export function single<T>(db: DatabaseSync, sql: string, ...values: readonly SQLInputValue[]): T {
  return statement(db, sql).get(...values) as T;
}

export function all<T>(db: DatabaseSync, sql: string, ...values: readonly SQLInputValue[]): T[] {
  return statement(db, sql).all(...values) as T[];
}

/** Returns how many rows were changed. */
export function run(db: DatabaseSync, sql: string, ...values: readonly SQLInputValue[]): number {
  return Number(statement(db, sql).run(...values).changes);
}
