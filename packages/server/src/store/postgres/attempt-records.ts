import { RingbackError } from "../../domain/errors.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import { attemptScan, attemptSql, attemptValues, examinedAttempt } from "../attempt-search.ts";
import type { AttemptScan, AttemptSource } from "../attempt-search.ts";
import type { PageRequest } from "../page.ts";
import type { AttemptFilter } from "../record-filters.ts";
import type { AttemptRow } from "../record-rows.ts";
import type { AttemptRecord } from "../records.ts";
import { searchPage, type SearchPage } from "../search.ts";
import type { ConnectionPool } from "./database.ts";

interface ExaminedAttempt extends AttemptRow {
  readonly matches: boolean;
}

const { columns, range, newestFirst, errorCode } = attemptSql((number, type) => `$${number}::${type}`);
const ofSubscription = range("subscription_id", "started_at", "id");
const failed = `SELECT ${columns} FROM ringback.attempt WHERE verdict <> 0 AND ${ofSubscription}`;

/** PostgreSQL reads the partitions from the newest on, and stops when it has enough attempts. */
export const attemptQueries: Record<AttemptSource, string> = {
  all: `SELECT ${columns} FROM ringback.attempt WHERE ${ofSubscription} ${newestFirst}`,
  failed: `${failed} ${newestFirst}`,
  status: `SELECT a.* FROM unnest($11::bigint[]) AS wanted (status) CROSS JOIN LATERAL (
      ${failed} AND status = wanted.status ${newestFirst}
    ) a ${newestFirst}`,
  error: `${failed} AND error_code = ${errorCode} ${newestFirst}`,
};

export async function listAttempts(
  pool: ConnectionPool,
  id: SubscriptionId,
  page: PageRequest,
  filter: AttemptFilter = {},
): Promise<SearchPage<AttemptRecord>> {
  const name = await subscriptionName(pool, id);
  return searchPage(page, async (after, count) => {
    const scan = attemptScan(id, filter, after, count);
    const rows = scan === null ? [] : await searchAttempts(pool, scan);
    return rows.map((row) => examinedAttempt(row, name));
  });
}

function searchAttempts(pool: ConnectionPool, scan: AttemptScan): Promise<readonly ExaminedAttempt[]> {
  const { source, statuses } = scan;
  const more = source === "status" ? [statuses] : [];
  return pool.query<ExaminedAttempt>(attemptQueries[source], [...attemptValues(scan), ...more], `attempts_${source}`);
}

/** Throws `subscription_not_found`. */
export async function subscriptionName(pool: ConnectionPool, id: SubscriptionId): Promise<string> {
  const [row] = await pool.query<{ name: string }>(
    "SELECT name FROM ringback.subscription WHERE id = $1",
    [id],
    "subscription_name",
  );
  if (row === undefined) throw new RingbackError("subscription_not_found");
  return row.name;
}
