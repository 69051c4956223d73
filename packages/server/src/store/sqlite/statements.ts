import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";

const byDatabase = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/**
 * The statement for this text, prepared once per connection: preparing takes longer than running most of them.
 *
 * The result of a write contains the connection's last row id, even when another statement set it. In topics from the
 * 8,192nd on, message ids are beyond 2^53, and node:sqlite throws when such an id would become a number, after the
 * write. So writes return BigInts, and callers convert what they use.
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
