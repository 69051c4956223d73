import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { limits } from "../../../src/domain/limits.ts";

/**
 * Fills an account in the database of a stopped server. Copies the topic `full`, its one subscription and the row of
 * the one queue until the account's limits are reached. Creating the copies by requests would take minutes.
 */
export function fillAccount(folder: string): void {
  const db = new DatabaseSync(join(folder, "ringback.db"));
  try {
    const numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $count)";
    const copy = (sql: string, $count: number) => db.prepare(`${numbers} ${sql}`).run({ $count });
    db.exec("BEGIN");
    copy(
      `INSERT INTO topic (account_id, name, settings, created_at, updated_at)
         SELECT account_id, name || '-' || i, settings, created_at, updated_at
           FROM n JOIN topic ON name = 'full'`,
      limits.topicsMax - 1,
    );
    db.exec(
      `INSERT INTO topic_log (topic_id, first_seq, last_seq, last_published_at)
         SELECT id, 1, 0, 0 FROM topic WHERE id NOT IN (SELECT topic_id FROM topic_log);
       UPDATE topic_number SET last = (SELECT max(id) FROM topic)`,
    );
    copy(
      `INSERT INTO subscription (account_id, topic_id, name, state, settings, created_at, updated_at)
         SELECT account_id, topic_id, name || '-' || i, state, settings, created_at, updated_at
           FROM n JOIN subscription ON name = 'full'`,
      limits.subscriptionsPerTopicMax - 1,
    );
    db.exec(
      `INSERT INTO cursor (subscription_id, settled_through)
         SELECT id, 0 FROM subscription WHERE id NOT IN (SELECT subscription_id FROM cursor)`,
    );
    copy(
      `INSERT INTO entry (account_id, kind, name, id, value, created_at, updated_at)
         SELECT account_id, kind, name || '-' || i, id + i, value, created_at, updated_at
           FROM n JOIN entry ON kind = 'queue' AND name = 'full'`,
      limits.entriesMax - 1,
    );
    db.exec("COMMIT");
  } finally {
    db.close();
  }
}
