import type { DatabaseSync, StatementSync } from "node:sqlite";

const byDatabase = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/** The statement for this text, prepared once per connection: preparing costs more than most of them take to run. */
export function statement(db: DatabaseSync, sql: string): StatementSync {
  let statements = byDatabase.get(db);
  if (statements === undefined) byDatabase.set(db, (statements = new Map()));
  let found = statements.get(sql);
  if (found === undefined) statements.set(sql, (found = db.prepare(sql)));
  return found;
}
