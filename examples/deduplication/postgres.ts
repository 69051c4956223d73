import type { Claim, DeduplicationStore } from "@ringback/sdk/receive";
import type { Pool } from "pg";

/** Run once. */
export const createTable = `CREATE TABLE IF NOT EXISTS handled_messages (
  key text PRIMARY KEY, owner text, until timestamptz NOT NULL)`;

/** Run now and then, for example once an hour. */
export const forgetOld = "DELETE FROM handled_messages WHERE until <= now()";

const claim = `INSERT INTO handled_messages AS m VALUES ($1, $2, now() + $3 * interval '1 millisecond')
  ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE m.until <= now()`;
const find = "SELECT owner FROM handled_messages WHERE key = $1";
const done = `INSERT INTO handled_messages VALUES ($1, NULL, now() + $2 * interval '1 millisecond')
  ON CONFLICT (key) DO UPDATE SET owner = NULL, until = excluded.until`;
const release = "DELETE FROM handled_messages WHERE key = $1 AND owner = $2";

/**
 * Remembers handled messages in PostgreSQL, for all processes that use the table. All times are the database's. Give
 * each receiver that handles the same messages for another purpose another prefix.
 */
export function postgresStore(pool: Pool, prefix = ""): DeduplicationStore {
  return {
    async claim(key, owner, claimMs): Promise<Claim> {
      if ((await pool.query(claim, [prefix + key, owner, claimMs])).rowCount === 1) return "new";
      const { rows } = await pool.query<{ owner: string | null }>(find, [prefix + key]);
      // Without a row, another process has released its claim just now.
      return rows[0]?.owner === null ? "done" : "busy";
    },
    done: (key, _owner, keepMs) => pool.query(done, [prefix + key, keepMs]),
    release: (key, owner) => pool.query(release, [prefix + key, owner]),
  };
}
