import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { messageIdSql } from "../../src/store/sqlite/rows.ts";
import { verdictCodes } from "../../src/store/record-rows.ts";

/**
 * Returns the deliveries that a stopped server had recorded as accepted, as `topic/subscription/message id`. The
 * database is read directly, before the next start of the server can change it.
 */
export function recordedSuccesses(folder: string): ReadonlySet<string> {
  const db = new DatabaseSync(join(folder, "ringback.db"), { readOnly: true });
  try {
    const rows = db
      .prepare(
        `SELECT t.name || '/' || s.name || '/' || CAST(${messageIdSql("a.topic_id", "a.seq")} AS TEXT) AS delivery
           FROM attempt a JOIN subscription s ON s.id = a.subscription_id JOIN topic t ON t.id = a.topic_id
          WHERE a.verdict = ?`,
      )
      .all(verdictCodes.indexOf("accepted"));
    return new Set(rows.map((row) => String(row["delivery"])));
  } finally {
    db.close();
  }
}
