import type { DatabaseSync } from "node:sqlite";
import type { SubscriptionId } from "../../../domain/model.ts";
import { attemptScan, attemptValues } from "../../attempt-search.ts";
import { deadLetterScan, deadLetterValues, type DeadLetterScope } from "../../dead-letter-search.ts";
import { emptyDatabase } from "../../memory/memory-store.ts";
import type { AttemptFilter, DeadLetterFilter } from "../../record-filters.ts";
import { attemptQueries } from "../operations/search-attempts.ts";
import { deadLetterQueries } from "../operations/search-dead-letters.ts";

const START_MS = 1_700_000_000_000;
/** One attempt in so many fails, and every second of these failures becomes a dead letter. */
const FAILURE_EACH = 1_000;
const SUBSCRIPTION = 7;
/** As many as a page shows, and one more. */
export const PAGE_ROWS = 51;

/** The numbers of rows that a statement has read, and its plan. */
export interface ReadRows {
  readonly read: number;
  readonly returned: number;
  readonly plan: string;
}

/** A database with many attempts of one subscription, one a millisecond, nearly all of them accepted. */
export class LargeRecords {
  readonly #db: DatabaseSync = emptyDatabase();
  readonly #attempts: number;
  #seen = 0;

  constructor(attempts: number) {
    this.#attempts = attempts;
    this.#db.function("seen", { deterministic: false }, () => {
      this.#seen++;
      return 1;
    });
    const failed = `n % ${FAILURE_EACH} = 0`;
    this.#db.exec(`
      INSERT INTO attempt (topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code)
      WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < ${attempts})
      SELECT 1, n, ${SUBSCRIPTION}, 1, ${START_MS} + n, 5, iif(${failed}, 1, 0),
        iif(${failed}, 500 + n / ${FAILURE_EACH} % 4, 200), iif(${failed}, 'http_status', NULL) FROM many;
      INSERT INTO attempt_index SELECT subscription_id, started_at, id FROM attempt ORDER BY 1, 2, 3;
      UPDATE attempt_indexed SET through = (SELECT max(id) FROM attempt);
      INSERT INTO dead_letter (account_id, subscription_id, topic_id, seq, reason, attempts, died_at, last_status,
        published_at, body)
      SELECT 1, subscription_id, topic_id, seq, 'expired', 1, started_at, status, started_at, x''
      FROM attempt WHERE seq % 20 = 0;
    `);
  }

  get middleMs(): number {
    return START_MS + this.#attempts / 2;
  }

  searchAttempts(name: keyof typeof attemptQueries, filter: AttemptFilter, more: readonly number[] = []): ReadRows {
    const scan = attemptScan(SUBSCRIPTION as SubscriptionId, filter, null, PAGE_ROWS);
    if (scan === null) throw new Error("No attempt can match.");
    const condition = name === "indexed" ? "WHERE i." : "WHERE ";
    return this.#run(attemptQueries[name], condition, [...attemptValues(scan), ...more]);
  }

  searchDeadLetters(source: DeadLetterScope["source"], owner: number, filter: DeadLetterFilter): ReadRows {
    const scan = deadLetterScan({ source, ids: [owner] } as unknown as DeadLetterScope, filter, null, PAGE_ROWS);
    return this.#run(deadLetterQueries[source], "WHERE ", [owner, ...deadLetterValues(scan)]);
  }

  /** A call of `seen` at the start of the conditions counts the rows that the statement reads. */
  #run(sql: string, condition: string, values: readonly (number | string | null)[]): ReadRows {
    const counted = sql.replace(condition, condition.replace("WHERE", "WHERE seen() AND"));
    this.#seen = 0;
    const rows = this.#db.prepare(counted).all(...values);
    const steps = this.#db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[];
    return { read: this.#seen, returned: rows.length, plan: steps.map(({ detail }) => detail).join("; ") };
  }
}
