import {
  talliesDeletedMax,
  tallyColumns,
  tallyOf,
  tallySteps,
  toStoredTally,
  type StoredTally,
  type TallyStore,
} from "../tallies.ts";
import type { Connection } from "./connection.ts";

const columns = tallyColumns.join(", ");

export function createTallies(connection: Connection): TallyStore {
  const deleteWhere = async (condition: string, values: readonly unknown[], name: string): Promise<boolean> => {
    const deleted = await connection.query(
      `DELETE FROM ringback.tally WHERE ctid = ANY (ARRAY (
         SELECT ctid FROM ringback.tally WHERE ${condition} LIMIT ${talliesDeletedMax})) RETURNING 1`,
      values,
      name,
    );
    return deleted.length === talliesDeletedMax;
  };
  return {
    async write(rows) {
      const stored = rows.map(toStoredTally);
      await connection.query(
        `INSERT INTO ringback.tally (${columns})
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])
         ON CONFLICT (account_id, topic_id, subscription_id, step_ms, happened_at, writer)
         DO UPDATE SET counts = EXCLUDED.counts`,
        tallyColumns.map((column) => stored.map((row) => row[column])),
        "write_tallies",
      );
    },
    async read({ accountId, topicId, subscriptionId, stepMs, fromMs, toMs }) {
      const rows = await connection.query<StoredTally>(
        `SELECT happened_at, writer, counts FROM ringback.tally WHERE account_id = $1 AND topic_id = $2
           AND subscription_id = $3 AND step_ms = $4 AND happened_at >= $5 AND happened_at < $6 ORDER BY happened_at`,
        [accountId, topicId ?? 0, subscriptionId ?? 0, stepMs, fromMs, toMs],
        "read_tallies",
      );
      return rows.map(tallyOf);
    },
    async trim({ minutesMs, hoursMs }) {
      const condition = "step_ms = $1 AND happened_at < $2";
      const minutes = await deleteWhere(condition, [tallySteps.minute, minutesMs], "trim_tallies");
      const hours = await deleteWhere(condition, [tallySteps.hour, hoursMs], "trim_tallies");
      return minutes || hours;
    },
    deleteSome: (accountId) => deleteWhere("account_id = $1", [accountId], "delete_some_tallies"),
  };
}
