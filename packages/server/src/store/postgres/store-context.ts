import type { LimitsOf } from "../../domain/account-limits.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Listeners } from "../listeners.ts";
import type { TopicNumberLimits } from "../../domain/topic-number.ts";
import type { StoreObserver } from "../store.ts";
import type { CatalogCache } from "./catalog-cache.ts";
import { call } from "./connection.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { NodeContext } from "./node-context.ts";
import type { WakeUps } from "./wake-ups.ts";

/** The objects and settings that the parts of one store share. */
export interface StoreContext extends NodeContext {
  readonly observer: StoreObserver;
  readonly attemptRetentionMs: number;
  readonly deadLetterRetentionMs: number;
  readonly auditRetentionMs: number;
  /** Returns the limits of an account. Set after the start. */
  limitsOf: LimitsOf;
  readonly topicNumbers: TopicNumberLimits | undefined;
  readonly heartbeat: Heartbeat;
  readonly wakeUps: WakeUps;
  readonly cache: CatalogCache;
  /** Listeners of this process for subscriptions that may have work. */
  readonly readyHere: Listeners<readonly SubscriptionId[]>;
  /** Listeners of this process for changed subscriptions. Other nodes receive an event. */
  readonly changed: Listeners<SubscriptionId>;
  /** Listeners of this process for the targets of cancelled replays. Other nodes receive an event. */
  readonly cancelled: Listeners<SubscriptionId>;
  /** Notifies the listeners of this process that subscriptions may have work, and wakes the other nodes. */
  readonly ready: (ids: readonly SubscriptionId[]) => void;
}

/**
 * Calls the SQL function that writes one batch, which is one statement and one commit, and records how long the commit
 * took and whether it succeeded.
 */
export async function commit<T extends object>(
  { database, health, observer }: StoreContext,
  sqlFunction: string,
  values: readonly unknown[],
  operations: number,
): Promise<T[]> {
  const startedMs = performance.now();
  try {
    const rows = await call<T>(database.hot, sqlFunction, values);
    health.wrote();
    observer.commit((performance.now() - startedMs) / 1_000, operations);
    return rows;
  } catch (error) {
    health.failed(error);
    throw error;
  }
}
