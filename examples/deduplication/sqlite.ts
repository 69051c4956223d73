import { DatabaseSync } from "node:sqlite";
import type { Claim, DeduplicationStore } from "@ringback/sdk/receive";

/**
 * Remembers handled messages in SQLite, over restarts and for all processes that open the same file. Give each receiver
 * that handles the same messages for another purpose another prefix.
 */
export function sqliteStore(file: string, prefix = ""): DeduplicationStore {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS handled_messages (key TEXT PRIMARY KEY, owner TEXT, until_ms INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS handled_messages_until ON handled_messages (until_ms)`);
  const forget = database.prepare("DELETE FROM handled_messages WHERE until_ms <= ?");
  const claim = database.prepare("INSERT INTO handled_messages VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
  const find = database.prepare("SELECT owner FROM handled_messages WHERE key = ?");
  const done = database.prepare("INSERT OR REPLACE INTO handled_messages VALUES (?, NULL, ?)");
  const release = database.prepare("DELETE FROM handled_messages WHERE key = ? AND owner = ?");
  return {
    claim(key, owner, claimMs): Claim {
      forget.run(Date.now());
      if (claim.run(prefix + key, owner, Date.now() + claimMs).changes === 1) return "new";
      const found = find.get(prefix + key);
      // Without a row, another process has released its claim just now.
      return found !== undefined && found["owner"] === null ? "done" : "busy";
    },
    done: (key, _owner, keepMs) => done.run(prefix + key, Date.now() + keepMs),
    release: (key, owner) => release.run(prefix + key, owner),
  };
}
