import type { SubscriptionId } from "../../../domain/model.ts";
import { attemptScan, attemptValues } from "../../attempt-search.ts";
import { deadLetterScan, deadLetterValues, type DeadLetterScope } from "../../dead-letter-search.ts";
import type { AttemptFilter, DeadLetterFilter } from "../../record-filters.ts";
import { attemptQueries } from "../attempt-records.ts";
import { deadLetterQueries } from "../dead-letters.ts";
import { freshDatabase } from "./postgres-database.ts";
import type { PostgresServer } from "./postgres-server.ts";
import { readPlan, type PlanReading } from "./query-plans.ts";

/** One attempt in so many fails. */
const FAILURE_EACH = 1_000;
const START_MS = 1_700_000_000_000;
const WEEK_MS = 7 * 24 * 3600_000;
const SUBSCRIPTION = 7;
/** As many as a page shows, and one more. */
export const PAGE_ROWS = 51;

/** A database with the attempts of one subscription over a week, in several partitions, nearly all of them accepted. */
export class LargeRecords {
  static readonly middleMs = START_MS + WEEK_MS / 2;
  readonly #server: PostgresServer;
  readonly #database: string;

  constructor(server: PostgresServer, database: string) {
    this.#server = server;
    this.#database = database;
  }

  static async fill(server: PostgresServer, attempts: number): Promise<LargeRecords> {
    const database = await freshDatabase(server);
    const failed = `n % ${FAILURE_EACH} = 0`;
    for (const sql of [
      `SELECT ringback.ensure_attempt_partitions(ARRAY (
         SELECT ${START_MS} + n * 3600000::bigint FROM generate_series(0, ${WEEK_MS / 3600_000}) AS n))`,
      `INSERT INTO ringback.attempt (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status,
           error_code)
         SELECT 1, n, ${SUBSCRIPTION}, 1, ${START_MS} + n * ${WEEK_MS}::bigint / ${attempts}, 5,
           CASE WHEN ${failed} THEN 1 ELSE 0 END, CASE WHEN ${failed} THEN 500 + n / ${FAILURE_EACH} % 4 ELSE 200 END,
           CASE WHEN ${failed} THEN 'http_status' END
         FROM generate_series(1, ${attempts}) AS n`,
      `INSERT INTO ringback.dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at,
           published_at, body)
         SELECT 1, subscription_id, 1, seq, 'expired', 1, started_at, started_at, 'x' FROM ringback.attempt
         WHERE seq % 20 = 0`,
      "ANALYZE",
    ]) {
      await server.query(sql, [], database);
    }
    return new LargeRecords(server, database);
  }

  searchAttempts(filter: AttemptFilter): Promise<PlanReading> {
    const scan = attemptScan(SUBSCRIPTION as SubscriptionId, filter, null, PAGE_ROWS);
    if (scan === null) throw new Error("No attempt can match.");
    const more = scan.source === "status" ? [`'{${scan.statuses.join(",")}}'`] : [];
    const values = [...attemptValues(scan).map(literal), ...more];
    return readPlan(this.#server, this.#database, attemptQueries[scan.source], values);
  }

  searchDeadLetters(source: DeadLetterScope["source"], filter: DeadLetterFilter): Promise<PlanReading> {
    const id = source === "subscription" ? SUBSCRIPTION : 1;
    const scope = { source, ids: [id] } as unknown as DeadLetterScope;
    const values = deadLetterValues(deadLetterScan(scope, filter, null, PAGE_ROWS)).map(literal);
    const owner = source === "topic" ? `'{${id}}'` : String(id);
    return readPlan(this.#server, this.#database, deadLetterQueries[source], [owner, ...values]);
  }
}

function literal(value: number | string | null): string {
  if (value === null) return "NULL";
  return typeof value === "number" ? String(value) : `'${value}'`;
}
