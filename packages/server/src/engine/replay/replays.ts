import { KeyedMutex } from "../../domain/keyed-mutex.ts";
import { limits } from "../../domain/limits.ts";
import type { Subscription } from "../../domain/model.ts";
import { type Replay, type ReplayCount, type ReplayPlan, replayLimit, type ReplaySource } from "../../store/replays.ts";
import type { EngineServices } from "../services.ts";
import { ReplayRunner } from "./replay-runner.ts";

export interface ReplaysOptions extends Pick<EngineServices, "store" | "events" | "clock" | "timers" | "failed"> {
  /** See `RunnerOptions`. Left out: the process is never busy. */
  readonly busyShare?: () => number;
}

/** A replay that a caller requests. */
export interface RequestedReplay extends Pick<ReplayPlan, "order"> {
  readonly source: ReplaySource;
  readonly subscription: Subscription;
  /** A subscription of the same topic. */
  readonly target: Subscription;
}

/** Creates, cancels and runs the replays of all accounts. */
export class Replays {
  readonly #options: ReplaysOptions;
  readonly #runner: ReplayRunner;
  readonly #counting = new KeyedMutex();

  constructor(options: ReplaysOptions) {
    this.#options = options;
    this.#runner = new ReplayRunner({ busyShare: () => 0, ...options, ended: (replay) => this.#notifyEnded(replay) });
  }

  start(): void {
    this.#runner.start();
  }

  stop(): void {
    this.#runner.stop();
  }

  idle(): Promise<void> {
    return this.#runner.idle();
  }

  count(requested: RequestedReplay): Promise<ReplayCount> {
    return this.#oneByOne(planOf(requested), () => this.#countNow(requested));
  }

  /** The store does not evaluate `filter.where`, so with such a filter the count is an upper bound. */
  async #countNow(requested: RequestedReplay): Promise<ReplayCount> {
    const { matched, isExact } = await this.#options.store.replays.count(planOf(requested));
    const { where = null } = requested.target.settings.filter;
    return { matched, isExact: isExact && (where === null || matched === 0) };
  }

  /** Counting reads much of a log, so an account has one count at a time. */
  #oneByOne<T>({ accountId }: ReplayPlan, work: () => Promise<T>): Promise<T> {
    return this.#counting.run(String(accountId), work);
  }

  /** Throws `replay_limit`. */
  async create(requested: RequestedReplay, perSecond: number | null): Promise<Replay> {
    const { store, events, clock } = this.#options;
    const plan = planOf(requested);
    const replay = await this.#oneByOne(plan, async () => {
      if ((await store.replays.openCount(plan.accountId)) >= limits.replaysOpenMax) {
        throw replayLimit();
      }
      return store.replays.create({ ...plan, ...(await this.#countNow(requested)), perSecond });
    });
    const { accountId, topic, subscription, target, id } = replay;
    const of = { accountId, at: clock.wall(), topic, subscription, target, replayId: String(id) };
    events.emit({ type: "replay.started", ...of, matched: replay.matched });
    this.#runner.created();
    return replay;
  }

  /** Returns null if the replay has ended already, or does not exist. */
  async cancel({ accountId, id }: Pick<Replay, "accountId" | "id">): Promise<Replay | null> {
    const { replays } = this.#options.store;
    const before = await replays.get(accountId, id);
    if (before === null || before.endedAtMs !== null) return null;
    const replay = await replays.cancel(accountId, id);
    if (replay?.state === "cancelled") this.#notifyEnded(replay);
    return replay;
  }

  #notifyEnded({ accountId, topic, subscription, target, id, state, sent }: Replay): void {
    const { events, clock } = this.#options;
    if (state !== "done" && state !== "cancelled" && state !== "failed") return;
    const of = { accountId, at: clock.wall(), topic, subscription, target, replayId: String(id) };
    events.emit({ type: "replay.ended", ...of, state, sent });
  }
}

function planOf({ source, subscription, target, order }: RequestedReplay): ReplayPlan {
  const { accountId, topicId, topic } = subscription;
  return {
    accountId,
    topicId,
    topic,
    subscriptionId: subscription.id,
    subscription: subscription.name,
    targetId: target.id,
    target: target.name,
    source,
    order,
  };
}
