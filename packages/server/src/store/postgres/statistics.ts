import type { SubscriptionHealth } from "../../domain/model.ts";
import type { StoreStatistics } from "../records.ts";
import { isListedSql, isListedTopicSql } from "./topics.ts";
import { postgresLimits } from "./postgres-limits.ts";
import type { StoreContext } from "./store-context.ts";

/**
 * Totals of the whole store. Monitoring reads them often, and each read takes longer as the catalog and the numbers of
 * parked deliveries and dead letters grow. So concurrent callers share one read, and the result of a slow read is
 * cached for a while.
 */
export class Statistics {
  readonly #read: () => Promise<StoreStatistics>;
  readonly #monotonicMs: () => number;
  #reading: Promise<StoreStatistics> | null = null;
  #freshUntilMs = 0;

  constructor(read: () => Promise<StoreStatistics>, monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs;
    this.#read = read;
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
      const statistics = await this.#read();
      const tookMs = this.#monotonicMs() - startedAtMs;
      if (tookMs > statisticsMsLong) keptMs = tookMs / statisticsShareMax;
      return statistics;
    } finally {
      this.#freshUntilMs = this.#monotonicMs() + keptMs;
    }
  }
}

const unhealthyCount = (state: SubscriptionHealth["state"]): string => `(SELECT count(*) FROM ringback.subscription
  WHERE health IS NOT NULL AND health::json ->> 'state' = '${state}' AND ${isListedSql})`;

/** Counts rows of whole tables, because with 100,000 subscriptions one count per subscription would be too slow. */
export async function readStatistics({ database, times }: StoreContext): Promise<StoreStatistics> {
  const [row] = await database.rest.query<StoreStatistics>(
    `WITH clock AS MATERIALIZED (SELECT coalesce(($1::bigint[])[1], ringback.steady_ms()) AS now),
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
     SELECT (SELECT count(*) FROM ringback.topic WHERE ${isListedTopicSql}) AS topics,
       (SELECT count(*) FROM ringback.subscription WHERE ${isListedSql}) AS subscriptions,
       (coalesce(ahead.count, 0) + coalesce(claimed.back, 0))::bigint AS backlog,
       greatest(0, parked.count - coalesce(claimed.open_parked, 0))::bigint AS parked,
       (SELECT count(*) FROM ringback.dead_letter d WHERE d.redriven_at IS NULL) AS "deadLetters",
       coalesce(claimed.open, 0)::bigint AS "inFlight",
       (SELECT count(*) FROM ringback.subscription WHERE state = 'disabled' AND ${isListedSql}) AS "disabledSubscriptions",
       ${unhealthyCount("failing")} AS "failingSubscriptions", ${unhealthyCount("open")} AS "openSubscriptions",
       (SELECT count(*) FROM ringback.replay WHERE is_open AND ended_at IS NULL) AS replays,
       pg_database_size(current_database()) AS bytes
     FROM ahead, claimed, parked`,
    [times.at()],
    "statistics",
  );
  return row as StoreStatistics;
}
