import type { DatabaseSync, StatementSync } from "node:sqlite";

const byDatabase = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/** The statement for this text, prepared once per connection: preparing takes longer than running most of them. */
export function statement(db: DatabaseSync, sql: string): StatementSync {
  let statements = byDatabase.get(db);
  if (statements === undefined) byDatabase.set(db, (statements = new Map()));
  let found = statements.get(sql);
  if (found === undefined) statements.set(sql, (found = prepared(db, sql)));
  return found;
}

/**
 * A statement that its caller keeps. The result of a write contains the connection's last row id, even when another
 * statement set it. In topics from the 8,192nd on, message ids are beyond 2^53, and node:sqlite throws when such an id
 * would become a number, after the write. So writes return BigInts, and callers convert what they use.
 */
export function prepared(db: DatabaseSync, sql: string): StatementSync {
  const made = db.prepare(sql);
  if (/^\s*(?:INSERT|UPDATE|DELETE)\b/.test(sql) && !/\bRETURNING\b/.test(sql)) made.setReadBigInts(true);
  return made;
}
