import { limits } from "../../domain/limits.ts";
import type { SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { ReservedStarts, StartPace, StartWant } from "../../domain/start-schedule.ts";
import { Batches, distinctKeys, type Choice } from "./batches.ts";
import { call } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import type { StoreContext } from "./store-context.ts";

interface Request extends StartPace, StartWant {
  readonly id: SubscriptionId;
}

interface ReservedRow {
  readonly reserved: number;
  readonly first_in: number;
  readonly now: TimeMs;
}

/** Reserves starts of POSTs in the database, for many subscriptions in one round trip. */
export class StartReservations extends Batches<Request, ReservedStarts> {
  readonly #context: StoreContext;
  readonly #difference = new ClockDifference();

  constructor(context: StoreContext) {
    super(context.timers);
    this.#context = context;
  }

  reserve(id: SubscriptionId, pace: StartPace, want: StartWant): Promise<ReservedStarts> {
    return this.add({ id, ...pace, ...want });
  }

  protected override begin(): (request: Request) => Choice {
    return distinctKeys(({ id }) => [String(id)], postgresLimits.wantsMax);
  }

  protected override async run(batch: readonly Request[]): Promise<readonly ReservedStarts[]> {
    const { database, times } = this.#context;
    const ordered = batch.map((request, index) => ({ ...request, index })).sort((a, b) => a.id - b.id);
    const sentAtMs = times.about();
    const rows = await call<ReservedRow>(database.hot, "reserve_starts", [
      times.at(),
      limits.startsAheadMsMax,
      ordered.map(({ id }) => id),
      ordered.map(({ intervalMs }) => intervalMs),
      ordered.map(({ burst }) => burst),
      ordered.map(({ count }) => count),
      ordered.map(({ spanMs }) => spanMs),
    ]);
    const receivedAtMs = times.about();
    const results: ReservedStarts[] = [];
    for (const [position, { index }] of ordered.entries()) {
      const { reserved, first_in: firstInMs, now } = rows[position] as ReservedRow;
      const aheadMs = this.#difference.between(now, sentAtMs, receivedAtMs);
      results[index] = { count: reserved, firstAtMs: now + aheadMs + firstInMs };
    }
    return results;
  }
}

/** How long the difference between two clocks is trusted. Clocks that are being corrected differ by 0.05 % at most. */
const TRUSTED_MS = 10_000;

/**
 * How far steady time of this process is ahead of the database's. A statement only shows that the database's time was
 * read between its start and its end. The smallest difference of the last statements comes from the fastest answer. So
 * slow answers do not shift starts towards those of other nodes.
 */
class ClockDifference {
  #smallestMs = Number.POSITIVE_INFINITY;
  #before = Number.POSITIVE_INFINITY;
  #sinceMs = 0;

  /** `databaseMs`: the database's time, read after `sentAtMs` and before `receivedAtMs` of this process. */
  between(databaseMs: TimeMs, sentAtMs: TimeMs, receivedAtMs: TimeMs): number {
    if (receivedAtMs - this.#sinceMs > TRUSTED_MS) {
      this.#before = this.#smallestMs;
      this.#smallestMs = Number.POSITIVE_INFINITY;
      this.#sinceMs = receivedAtMs;
    }
    this.#smallestMs = Math.min(this.#smallestMs, receivedAtMs - databaseMs);
    return Math.max(sentAtMs - databaseMs, Math.min(this.#smallestMs, this.#before));
  }
}
