import type { DatabaseSync, StatementSync } from "node:sqlite";

const byDatabase = new WeakMap<DatabaseSync, Map<string, StatementSync>>();

/** The statement for this text, prepared once per connection: preparing costs more than most of them take to run. */
export function statement(db: DatabaseSync, sql: string): StatementSync {
  let statements = byDatabase.get(db);
  if (statements === undefined) byDatabase.set(db, (statements = new Map()));
  let found = statements.get(sql);
  if (found === undefined) statements.set(sql, (found = prepared(db, sql)));
  return found;
}

/**
 * A statement that is kept by whoever asks. What `run` answers of a write holds the connection's last row id, whatever
 * wrote it; a message's id is beyond 2^53 in topics from the 8,192nd on, and node:sqlite refuses to make a number of that,
 * after the write. So writes answer with BigInts, which `Number` turns back where somebody looks.
 */
export function prepared(db: DatabaseSync, sql: string): StatementSync {
  const made = db.prepare(sql);
  if (/^\s*(?:INSERT|UPDATE|DELETE)\b/.test(sql) && !/\bRETURNING\b/.test(sql)) made.setReadBigInts(true);
  return made;
}
