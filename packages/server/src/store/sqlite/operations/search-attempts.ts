import type { DatabaseSync } from "node:sqlite";
import { attemptSql, attemptValues, type AttemptScan, type AttemptSource } from "../../attempt-search.ts";
import type { AttemptRow } from "../../record-rows.ts";
import { byPosition } from "../../search.ts";
import { all, single } from "../statements.ts";

export interface ExaminedAttempt extends AttemptRow {
  readonly matches: 0 | 1;
}

const { columns, range, newestFirst, errorCode } = attemptSql((number) => `?${number}`);
/** The number of the parameter after those of `attemptValues`. */
const more = "?11";

const ofAttempt = range("subscription_id", "started_at", "id");
const failed = `SELECT ${columns} FROM attempt WHERE verdict <> 0 AND ${ofAttempt}`;
const indexed = `SELECT ${columns} FROM (
    SELECT a.* FROM attempt_index i CROSS JOIN attempt a ON a.id = i.attempt_id
    WHERE ${range("i.subscription_id", "i.started_at", "i.attempt_id")}
    ORDER BY i.started_at DESC, i.attempt_id DESC LIMIT ?5)`;
/** The plus keeps SQLite from searching by subscription: only the ids narrow the search. */
const unindexed = `SELECT ${columns} FROM attempt
  WHERE id > ${more} AND ${range("+subscription_id", "+started_at", "id")} ${newestFirst}`;

export const attemptQueries = {
  failed: `${failed} ${newestFirst}`,
  status: `${failed} AND status = ${more} ${newestFirst}`,
  error: `${failed} AND error_code = ${errorCode} ${newestFirst}`,
  unindexed,
  indexed,
};

/** Reads the next attempts of a search, newest first. */
export function searchAttempts(db: DatabaseSync, scan: AttemptScan): readonly ExaminedAttempt[] {
  const values = attemptValues(scan);
  const read: Record<AttemptSource, () => ExaminedAttempt[]> = {
    all: () => readAll(db, values),
    failed: () => all(db, attemptQueries.failed, ...values),
    status: () => scan.statuses.flatMap((status) => all<ExaminedAttempt>(db, attemptQueries.status, ...values, status)),
    error: () => all(db, attemptQueries.error, ...values),
  };
  return newest(read[scan.source](), scan.count);
}

/** Reads the attempts that are not indexed yet (see index-attempts.ts), and the others by the index. */
function readAll(db: DatabaseSync, values: ReturnType<typeof attemptValues>): ExaminedAttempt[] {
  db.exec("BEGIN");
  try {
    const { through } = single<{ through: number }>(db, "SELECT through FROM attempt_indexed");
    const rows = all<ExaminedAttempt>(db, attemptQueries.unindexed, ...values, through);
    return [...rows, ...all<ExaminedAttempt>(db, attemptQueries.indexed, ...values)];
  } finally {
    db.exec("COMMIT");
  }
}

function newest(rows: readonly ExaminedAttempt[], count: number): readonly ExaminedAttempt[] {
  const position = ({ started_at: atMs, id }: ExaminedAttempt) => ({ atMs, id });
  return rows.toSorted((one, other) => byPosition(position(one), position(other))).slice(0, count);
}
