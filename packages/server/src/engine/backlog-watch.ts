import { isInternalName } from "../domain/internal-names.ts";
import { limits } from "../domain/limits.ts";
import type { Subscription, SubscriptionId, TimeMs } from "../domain/model.ts";
import type { Backlog, BacklogLimit } from "./backlog.ts";
import type { EngineLog } from "./engine-log.ts";
import { engineLimits } from "./engine-limits.ts";
import type { EngineServices } from "./services.ts";

export interface BacklogWatchOptions extends Pick<EngineServices, "store" | "events" | "clock"> {
  readonly log: EngineLog;
}

/**
 * Reports a backlog when it has grown past a limit, and again only after it has fallen below half of the limit. Drops
 * nothing. Checks only subscriptions that have work, a limited number of them at a time. One node of a cluster does
 * this for all nodes.
 */
export class BacklogWatch {
  readonly #options: BacklogWatchOptions;
  readonly #reported = new Map<SubscriptionId, Set<BacklogLimit>>();
  #waiting: SubscriptionId[] = [];

  constructor(options: BacklogWatchOptions) {
    this.#options = options;
  }

  /** `ids`: the subscriptions that have work now. */
  async check(ids: readonly SubscriptionId[]): Promise<void> {
    if (ids.length === 0 && this.#reported.size === 0) return;
    if (!(await this.#isResponsible())) return this.#reported.clear();
    const known = new Set([...this.#reported.keys(), ...ids]);
    // The rest of the last check comes first, so that each subscription has its turn.
    const checked = [...new Set([...this.#waiting.filter((id) => known.has(id)), ...known])];
    this.#waiting = checked.splice(engineLimits.backlogsCheckedMax);
    const { records } = this.#options.store;
    const [counts, conditions] = await Promise.all([
      records.countsOfSubscriptions(checked),
      records.conditionsOf(checked),
    ]);
    for (const id of checked) {
      const { backlog = 0, parked = 0, inFlight = 0 } = counts.get(id) ?? {};
      await this.#checkOne(id, backlog + parked + inFlight, conditions.get(id)?.oldestAtMs ?? null);
    }
  }

  /** True for the node with the smallest id of the nodes that are alive. */
  async #isResponsible(): Promise<boolean> {
    const nodes = await this.#options.store.cluster.nodes();
    const alive = nodes.filter(({ isAlive, isThis }) => isAlive || isThis);
    const [first] = alive.toSorted((one, other) => one.id - other.id);
    return first?.isThis ?? true;
  }

  async #checkOne(id: SubscriptionId, count: number, oldestAtMs: TimeMs | null): Promise<void> {
    const { store, clock } = this.#options;
    const subscription = await store.catalog.getSubscriptionById(id);
    const topic =
      subscription === null || isInternalName(subscription.topic)
        ? null
        : await store.catalog.getTopic(subscription.accountId, subscription.topic);
    if (subscription === null || topic === null) return void this.#reported.delete(id);
    const ageMs = oldestAtMs === null ? 0 : Math.max(0, clock.wall() - oldestAtMs);
    const { retentionMs } = topic.settings;
    const { messagesMax, ageMsMax } = subscription.settings.backlog ?? limits.backlogDefault;
    const used: Record<BacklogLimit, readonly [used: number, max: number | null]> = {
      messages: [count, messagesMax],
      age: [ageMs, ageMsMax],
      retention: [ageMs, reportedAgeMs(retentionMs)],
    };
    for (const limit of ["messages", "age", "retention"] as const) {
      const [value, max] = used[limit];
      if (max === null || value * 2 < max) this.#forget(id, limit);
      else if (value > max && oldestAtMs !== null && this.#isNew(id, limit)) {
        this.#report(subscription, { limit, count, oldestAtMs, expiresAtMs: oldestAtMs + retentionMs });
      }
    }
  }

  #isNew(id: SubscriptionId, limit: BacklogLimit): boolean {
    let reported = this.#reported.get(id);
    if (reported === undefined) {
      if (this.#reported.size >= engineLimits.backlogsReportedMax) return false;
      this.#reported.set(id, (reported = new Set()));
    }
    if (reported.has(limit)) return false;
    reported.add(limit);
    return true;
  }

  #forget(id: SubscriptionId, limit: BacklogLimit): void {
    const reported = this.#reported.get(id);
    reported?.delete(limit);
    if (reported?.size === 0) this.#reported.delete(id);
  }

  #report(subscription: Subscription, backlog: Backlog): void {
    const { events, log, clock } = this.#options;
    log.backlogGrowing(subscription, backlog);
    if (!events.wants("backlog.growing")) return;
    const { accountId, topic, name } = subscription;
    const { limit, count, oldestAtMs: oldestAt, expiresAtMs: expiresAt } = backlog;
    const common = { accountId, at: clock.wall(), topic, subscription: name };
    events.emit({ type: "backlog.growing", ...common, limit, count, oldestAt, expiresAt });
  }
}

/** The age at which a message counts as about to expire: if possible, two checks or more before it expires. */
function reportedAgeMs(retentionMs: number): number {
  const { backlogRetentionShare, backlogRetentionShareMin, findWorkMs } = engineLimits;
  const ageMs = Math.min(retentionMs * backlogRetentionShare, retentionMs - 2 * findWorkMs);
  return Math.max(ageMs, retentionMs * backlogRetentionShareMin);
}
