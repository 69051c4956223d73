import { limits } from "../../domain/limits.ts";
import type { SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { ReservedStarts, StartPace, StartWant } from "../../domain/start-schedule.ts";
import { Batches, distinctKeys, type Choice } from "./batches.ts";
import { ClockDifference } from "./clock-difference.ts";
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
