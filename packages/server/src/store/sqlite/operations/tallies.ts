import type { DatabaseSync } from "node:sqlite";
import type { AccountId, TimeMs } from "../../../domain/model.ts";
import { talliesDeletedMax, tallyColumns, tallySteps, type StoredTally, type TallyRange } from "../../tallies.ts";
import { all, run } from "../statements.ts";

export function writeTallies(db: DatabaseSync, rows: readonly StoredTally[]): void {
  const insert = `INSERT OR REPLACE INTO tally (${tallyColumns.join(", ")}) VALUES (?, ?, ?, ?, ?, ?, ?)`;
  for (const row of rows) run(db, insert, ...tallyColumns.map((column) => row[column]));
}

export function readTallies(db: DatabaseSync, range: TallyRange): readonly StoredTally[] {
  const { accountId, topicId, subscriptionId, stepMs, fromMs, toMs } = range;
  return all<StoredTally>(
    db,
    `SELECT happened_at, writer, counts FROM tally WHERE account_id = ? AND topic_id = ? AND subscription_id = ?
       AND step_ms = ? AND happened_at >= ? AND happened_at < ? ORDER BY happened_at`,
    accountId,
    topicId ?? 0,
    subscriptionId ?? 0,
    stepMs,
    fromMs,
    toMs,
  );
}

interface TrimmedBefore {
  readonly minutesMs: TimeMs;
  readonly hoursMs: TimeMs;
}

export function trimTallies(db: DatabaseSync, { minutesMs, hoursMs }: TrimmedBefore): boolean {
  const old = "SELECT rowid FROM tally WHERE step_ms = ? AND happened_at < ? LIMIT ?";
  const trim = (stepMs: number, beforeMs: TimeMs): number =>
    run(db, `DELETE FROM tally WHERE rowid IN (${old})`, stepMs, beforeMs, talliesDeletedMax);
  const deleted = Math.max(trim(tallySteps.minute, minutesMs), trim(tallySteps.hour, hoursMs));
  return deleted === talliesDeletedMax;
}

export function deleteSomeTallies(db: DatabaseSync, { accountId }: { readonly accountId: AccountId }): boolean {
  const some = "SELECT rowid FROM tally WHERE account_id = ? LIMIT ?";
  return run(db, `DELETE FROM tally WHERE rowid IN (${some})`, accountId, talliesDeletedMax) === talliesDeletedMax;
}
