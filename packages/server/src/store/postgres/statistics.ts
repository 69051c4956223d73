import type { StoreStatistics } from "../records.ts";
import type { ConnectionPool } from "./database.ts";
import { isListedSql } from "./internal-names.ts";
import { postgresLimits } from "./postgres-limits.ts";
import type { Times } from "./times.ts";

/**
 * Totals of the whole store. Monitoring reads them often, and each read takes longer as the catalog and the numbers of
 * parked deliveries and dead letters grow. So one read serves all callers at a time, and a slow result is cached for a
 * while.
 */
export class Statistics {
  readonly #pool: ConnectionPool;
  readonly #times: Times;
  readonly #monotonicMs: () => number;
  #reading: Promise<StoreStatistics> | null = null;
  #freshUntilMs = 0;

  constructor(pool: ConnectionPool, times: Times, monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs;
    this.#pool = pool;
    this.#times = times;
  }

  read(): Promise<StoreStatistics> {
    if (this.#reading === null || this.#monotonicMs() >= this.#freshUntilMs) {
      this.#freshUntilMs = Infinity;
      this.#reading = this.#readAndKeep();
    }
    return this.#reading;
  }

  async #readAndKeep(): Promise<StoreStatistics> {
    const { statisticsMsLong, statisticsShareMax } = postgresLimits;
    const startedAtMs = this.#monotonicMs();
    let keptMs = 0;
    try {
      const statistics = await readStatistics(this.#pool, this.#times);
      const tookMs = this.#monotonicMs() - startedAtMs;
      if (tookMs > statisticsMsLong) keptMs = tookMs / statisticsShareMax;
      return statistics;
    } finally {
      this.#freshUntilMs = this.#monotonicMs() + keptMs;
    }
  }
}

/** Counts whole tables, since one count per subscription could mean a hundred thousand counts. */
async function readStatistics(pool: ConnectionPool, times: Times): Promise<StoreStatistics> {
  const [row] = await pool.query<
    Record<
      "topics" | "subscriptions" | "ahead" | "back" | "parked" | "open_parked" | "dead" | "in_flight" | "bytes",
      number
    >
  >(
    `WITH clock AS MATERIALIZED (SELECT coalesce($1::bigint, ringback.now_ms()) AS now),
     ahead AS (
       SELECT sum(greatest(0, g.last_seq - greatest(c.scanned_through, g.first_seq - 1)) + cardinality(c.returned_seqs)) AS count
       FROM ringback.subscription_cursor c JOIN ringback.topic_log g ON g.topic_id = c.topic_id
     ), claimed AS (
       SELECT sum(cardinality(l.seqs) + cardinality(l.parked)) FILTER (WHERE l.lease_until > clock.now) AS open,
         sum(cardinality(l.parked)) FILTER (WHERE l.lease_until > clock.now) AS open_parked,
         sum(cardinality(l.seqs)) FILTER (WHERE l.lease_until <= clock.now) AS back
       FROM clock, ringback.claim l
     ), parked AS (
       SELECT count(*) AS count FROM ringback.parked p JOIN ringback.subscription_cursor c USING (subscription_id)
     )
     SELECT (SELECT count(*) FROM ringback.topic WHERE ${isListedSql}) AS topics,
       (SELECT count(*) FROM ringback.subscription WHERE ${isListedSql}) AS subscriptions,
       coalesce(ahead.count, 0)::bigint AS ahead, coalesce(claimed.back, 0)::bigint AS back,
       parked.count AS parked, coalesce(claimed.open_parked, 0)::bigint AS open_parked,
       coalesce(claimed.open, 0)::bigint AS in_flight,
       (SELECT count(*) FROM ringback.dead_letter d WHERE d.redriven_at IS NULL) AS dead,
       pg_database_size(current_database()) AS bytes
     FROM ahead, claimed, parked`,
    [times.at()],
    "statistics",
  );
  if (row === undefined) throw new Error("unreachable");
  return {
    topics: row.topics,
    subscriptions: row.subscriptions,
    backlog: row.ahead + row.back,
    parked: Math.max(0, row.parked - row.open_parked),
    deadLetters: row.dead,
    inFlight: row.in_flight,
    bytes: row.bytes,
  };
}
