import type { AccountId, Subscription, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { everyPage } from "../../store/every-page.ts";
import type { Store } from "../../store/store.ts";
import { tallySteps, type TallyOwner, type TallyStepMs } from "../../store/tallies.ts";
import { engineLimits } from "../engine-limits.ts";
import type { StatisticsRecorder } from "./recorder.ts";
import { Tally, type TallyCounts } from "./tally.ts";

export interface StatisticsRange {
  readonly fromMs: TimeMs;
  readonly toMs: TimeMs;
  /** The range is divided into at most so many steps. */
  readonly pointsMax: number;
}

export interface Statistics {
  /** The begin of the first step, and the end of the last one. */
  readonly fromMs: TimeMs;
  readonly toMs: TimeMs;
  readonly stepMs: number;
  readonly points: readonly { readonly atMs: TimeMs; readonly tally: Tally }[];
  readonly total: Tally;
}

/** The state of an account's subscriptions at this moment. */
export interface AccountState {
  readonly subscriptions: number;
  readonly paused: number;
  readonly disabled: number;
  readonly failing: number;
  readonly open: number;
  readonly backlog: number;
  readonly parked: number;
  readonly inFlight: number;
  readonly deadLetters: number;
}

interface StatisticsParts {
  readonly store: Pick<Store, "catalog" | "records" | "tallies">;
  readonly clock: Clock;
  readonly recorder: Pick<StatisticsRecorder, "present" | "writer">;
}

/** Reads what has been counted, and counts the present state of accounts. */
export class AccountStatistics {
  readonly #parts: StatisticsParts;
  /** The last states, which several readers share. */
  readonly #states = new Map<AccountId, { readonly untilMs: TimeMs; readonly state: Promise<AccountState | null> }>();

  constructor(parts: StatisticsParts) {
    this.#parts = parts;
  }

  async read(owner: TallyOwner, range: StatisticsRange): Promise<Statistics> {
    const { tallies } = this.#parts.store;
    const stored = this.#storedStep(range);
    const stepMs = Math.max(1, Math.ceil((range.toMs - range.fromMs) / range.pointsMax / stored)) * stored;
    const fromMs = Math.floor(range.fromMs / stepMs) * stepMs;
    const toMs = Math.max(fromMs + stepMs, Math.ceil(range.toMs / stepMs) * stepMs);
    const points = Array.from({ length: (toMs - fromMs) / stepMs }, (_, index) => ({
      atMs: fromMs + index * stepMs,
      tally: new Tally(),
    }));
    const total = new Tally();
    const add = (atMs: TimeMs, counts: TallyCounts): void => {
      points[Math.floor((atMs - fromMs) / stepMs)]?.tally.add(counts);
      total.add(counts);
    };
    const { recorder } = this.#parts;
    const present = recorder.present(owner, stored);
    for (const row of await tallies.read({ ...owner, stepMs: stored, fromMs, toMs })) {
      // The memory of this process has the newer counts of the present step.
      if (row.writer === recorder.writer && row.atMs === present?.atMs) continue;
      add(row.atMs, row.counts as TallyCounts);
    }
    if (present !== null && present.atMs >= fromMs && present.atMs < toMs) add(present.atMs, present.counts);
    return { fromMs, toMs, stepMs, points, total };
  }

  /** Counts of minutes are kept for two days. Longer ranges, and earlier ones, have those of hours. */
  #storedStep({ fromMs, toMs, pointsMax }: StatisticsRange): TallyStepMs {
    const isKept = fromMs >= this.#parts.clock.wall() - engineLimits.minutesKeptMs;
    const isFine = toMs - fromMs < pointsMax * tallySteps.hour;
    return isKept && isFine ? tallySteps.minute : tallySteps.hour;
  }

  /** Returns null if the account has too many subscriptions to count them. The result may be a few seconds old. */
  stateOf(accountId: AccountId): Promise<AccountState | null> {
    const nowMs = this.#parts.clock.wall();
    const known = this.#states.get(accountId);
    if (known !== undefined && known.untilMs > nowMs) return known.state;
    const state = this.#count(accountId);
    for (const [id, { untilMs }] of this.#states) if (untilMs <= nowMs) this.#states.delete(id);
    this.#states.set(accountId, { untilMs: nowMs + engineLimits.measuredForMs, state });
    // A failure is not kept.
    state.catch(() => this.#states.delete(accountId));
    return state;
  }

  async #count(accountId: AccountId): Promise<AccountState | null> {
    const { catalog, records } = this.#parts.store;
    const sum = { subscriptions: 0, paused: 0, disabled: 0, failing: 0, open: 0 };
    const counted = { backlog: 0, parked: 0, inFlight: 0, deadLetters: 0 };
    const pages = everyPage((page) => catalog.searchSubscriptions(accountId, page, {}));
    for await (const subscriptions of pages) {
      sum.subscriptions += subscriptions.length;
      if (sum.subscriptions > engineLimits.subscriptionsMeasuredMax) return null;
      for (const subscription of subscriptions) addState(sum, subscription);
      const counts = await records.countsOfSubscriptions(subscriptions.map(({ id }) => id));
      for (const one of counts.values()) {
        for (const name of Object.keys(counted) as (keyof typeof counted)[]) counted[name] += one[name];
      }
    }
    return { ...sum, ...counted };
  }
}

function addState(sum: Record<"paused" | "disabled" | "failing" | "open", number>, subscription: Subscription): void {
  const { state, health } = subscription;
  if (state === "paused" || state === "disabled") sum[state]++;
  else if (health !== null) sum[health.state]++;
}
